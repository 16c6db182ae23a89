import Storage

/// The value of a JSON key, for objects whose keys are listed once and written both by `JSONWriter` and by `JSONEncoder`.
package enum JSONField: Sendable {
    case text(String?)
    case number(Int?)
    case flag(Bool?)
    case texts([String]?)
    case time(Timestamp?)

    package struct Key: CodingKey {
        package let stringValue: String
        package var intValue: Int? { nil }

        package init(_ name: String) {
            stringValue = name
        }

        package init(stringValue: String) {
            self.stringValue = stringValue
        }

        package init?(intValue: Int) {
            nil
        }
    }

    package func encode(to container: inout KeyedEncodingContainer<Key>, forKey key: Key) throws {
        switch self {
        case .text(let value): try container.encode(value, forKey: key)
        case .number(let value): try container.encode(value, forKey: key)
        case .flag(let value): try container.encode(value, forKey: key)
        case .texts(let value): try container.encode(value, forKey: key)
        case .time(let value): try container.encode(value, forKey: key)
        }
    }
}

extension JSONWriter {
    package mutating func field(_ name: StaticString, _ value: JSONField) {
        switch value {
        case .text(let value): field(name, value)
        case .number(let value): field(name, value)
        case .flag(let value): field(name, value)
        case .texts(let value): field(name, value)
        case .time(let value): field(name, value)
        }
    }
}
