/// A statement whose interpolated values become bindings, so that client text is never interpreted as SQL: `"SELECT id
/// FROM cases WHERE status = \(status)"`.
package struct SQL: ExpressibleByStringInterpolation, Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case text(String)
        case value(SQLValue)
    }

    let parts: [Part]

    init(parts: [Part]) {
        self.parts = parts
    }

    package init(stringLiteral value: String) {
        parts = [.text(value)]
    }

    package init(stringInterpolation: StringInterpolation) {
        parts = stringInterpolation.parts
    }

    package static func + (left: SQL, right: SQL) -> SQL {
        SQL(parts: left.parts + right.parts)
    }

    /// Combines conditions or assignments; an empty list gives an empty fragment.
    package static func joined(_ fragments: [SQL], by separator: SQL) -> SQL {
        var parts: [Part] = []
        for (index, fragment) in fragments.enumerated() {
            if index > 0 { parts += separator.parts }
            parts += fragment.parts
        }
        return SQL(parts: parts)
    }

    /// The bindings in order.
    var values: [SQLValue] {
        parts.compactMap { part in
            guard case .value(let value) = part else { return nil }
            return value
        }
    }

    /// The statement's text, each binding written as `placeholder(number)`, numbered from 1.
    func text(placeholder: (Int) -> String) -> String {
        var text = ""
        var number = 0
        for part in parts {
            switch part {
            case .text(let fragment): text += fragment
            case .value:
                number += 1
                text += placeholder(number)
            }
        }
        return text
    }

    /// Text is passed to PostgreSQL as a C string, which would be silently truncated at a NUL.
    func checkValues() throws {
        for case .text(let text) in values where text.utf8.contains(0) {
            throw DatabaseError(.invalidValue, "A text contains a NUL character.")
        }
    }

    /// Collects the literals and the bindings between them.
    package struct StringInterpolation: StringInterpolationProtocol {
        var parts: [Part] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            parts.reserveCapacity(interpolationCount * 2 + 1)
        }

        package mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { parts.append(.text(literal)) }
        }

        package mutating func appendInterpolation(_ value: some SQLConvertible) {
            parts.append(.value(value.sqlValue))
        }

        package mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value?) {
            parts.append(.value(value?.sqlValue ?? .null))
        }

        /// Another fragment with its bindings.
        package mutating func appendInterpolation(_ fragment: SQL) {
            parts += fragment.parts
        }

        /// `(?, ?, …)` for `IN`; an empty list gives `(NULL)`, which matches nothing.
        package mutating func appendInterpolation(list values: [some SQLConvertible]) {
            guard !values.isEmpty else {
                parts.append(.text("(NULL)"))
                return
            }
            for (index, value) in values.enumerated() {
                parts.append(.text(index == 0 ? "(" : ", "))
                parts.append(.value(value.sqlValue))
            }
            parts.append(.text(")"))
        }

        /// Constant SQL text, such as a column list; never client input.
        package mutating func appendInterpolation(raw text: String) {
            parts.append(.text(text))
        }
    }
}
