import Foundation

extension JSONValue {
    /// Foundation's tree without types, which is left at once.
    private typealias Members = Dictionary<String, Any>

    /// - Throws: where the text is not JSON.
    init(reading data: Data) throws {
        self.init(try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed))
    }

    private init(_ value: Any) {
        switch value {
        case let text as String: self = .text(text)
        case let items as [Any]: self = .list(items.map { JSONValue($0) })
        case let members as Members: self = .object(members.mapValues { JSONValue($0) })
        // Foundation reads true and 1 as the same class; their Objective-C types tell them apart.
        case let number as NSNumber:
            let isBoolean = ["c", "B"].contains(String(cString: number.objCType))
            self = isBoolean ? .bool(number.boolValue) : .number(number.doubleValue)
        default: self = .null
        }
    }

    /// Whether it is of a type by its name in JSON Schema.
    func isA(_ type: String) -> Bool {
        switch self {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .integer: type == "number" || type == "integer"
        case .number(let number): type == "number" || (type == "integer" && number.rounded() == number)
        case .text: type == "string"
        case .list: type == "array"
        case .object: type == "object"
        }
    }
}
