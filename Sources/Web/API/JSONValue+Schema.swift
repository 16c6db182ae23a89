import Basics

extension JSONValue {
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
