import Basics

/// Values as Python's `repr` writes them, for the headers `argsrepr` and `kwargsrepr` that monitors show.
enum PythonRepr {
    /// Celery cuts at 1024 characters as well (`argsrepr_maxsize`).
    private static let longest = 1024

    static func arguments(_ values: [JSONValue]) -> String {
        cut("(" + values.map(text).joined(separator: ", ") + (values.count == 1 ? ",)" : ")"))
    }

    static func keywords(_ members: [String: JSONValue]) -> String { cut(text(.object(members))) }

    static func value(_ value: JSONValue) -> String { cut(text(value)) }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= longest ? text : String(text.prefix(longest - 3)) + "..."
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .text(let value): quoted(value)
        case .list(let values): "[" + values.map(text).joined(separator: ", ") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(text($0.value))" }
                .joined(separator: ", ") + "}"
        }
    }

    static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "'" where quote == "'": result += "\\'"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + quote
    }
}
