import Foundation

extension JSONValue {
    /// Foundation's untyped tree, converted immediately.
    private typealias Members = Dictionary<String, Any>

    /// - Throws: if the text is not JSON.
    init(reading data: Data) throws {
        self.init(try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed))
    }

    private init(_ value: Any) {
        switch value {
        case let text as String: self = .text(text)
        case let items as [Any]: self = .list(items.map { JSONValue($0) })
        case let members as Members: self = .object(members.mapValues { JSONValue($0) })
        // Foundation represents true and 1 by the same class; their Objective-C types differ.
        case let number as NSNumber:
            let isBoolean = ["c", "B"].contains(String(cString: number.objCType))
            self = isBoolean ? .bool(number.boolValue) : .number(number.doubleValue)
        default: self = .null
        }
    }

    /// Whether it has the type with this JSON Schema name.
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
