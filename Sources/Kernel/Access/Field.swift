/// A field of a partial change: absent keeps the value, null clears it.
package enum Field<Value: Sendable>: Sendable {
    case absent
    case null
    case value(Value)

    /// The new value in place of `current`.
    package func applied(to current: Value?) -> Value? {
        switch self {
        case .absent: current
        case .null: nil
        case .value(let value): value
        }
    }

    package var isAbsent: Bool {
        if case .absent = self { return true }
        return false
    }

    /// The value, if there is one.
    package var given: Value? {
        if case .value(let value) = self { return value }
        return nil
    }
}

extension Field: Equatable where Value: Equatable {}

extension Field: Decodable where Value: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = container.decodeNil() ? .null : .value(try container.decode(Value.self))
    }
}

extension KeyedDecodingContainer {
    /// Used by synthesised `Decodable` conformances: a missing key means an unchanged field.
    package func decode<Value: Decodable>(_ type: Field<Value>.Type, forKey key: Key) throws -> Field<Value> {
        try decodeIfPresent(type, forKey: key) ?? (contains(key) ? .null : .absent)
    }
}

/// A whole number that forms also send as text.
package struct FormInteger: Decodable, Sendable, Equatable {
    package let value: Int

    package init(_ value: Int) {
        self.value = value
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            // `Int` would also accept a plus sign.
            guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a whole number")
            }
            value = number
        } else {
            value = try container.decode(Int.self)
        }
    }
}
