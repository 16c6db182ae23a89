import Basics
import Kernel

/// The schema of a JSON value: JSON Schema 2020-12, the dialect of OpenAPI 3.1.
struct Schema: Sendable, Equatable, Encodable {
    private var keywords: [String: JSONValue]

    private init(_ keywords: [String: JSONValue]) {
        self.keywords = keywords
    }

    func encode(to encoder: any Encoder) throws {
        try JSONValue.object(keywords).encode(to: encoder)
    }

    var json: JSONValue { .object(keywords) }

    // MARK: Kinds

    /// Any value.
    static let anything = Schema([:])
    static let boolean = Schema(["type": "boolean"])

    static func text(
        format: String? = nil, pattern: String? = nil, _ lengths: ClosedRange<Int>? = nil, atMost: Int? = nil
    ) -> Schema {
        var keywords: [String: JSONValue] = ["type": "string"]
        if let format { keywords["format"] = .text(format) }
        if let pattern { keywords["pattern"] = .text(pattern) }
        if let lengths {
            keywords["minLength"] = .integer(lengths.lowerBound)
            keywords["maxLength"] = .integer(lengths.upperBound)
        }
        if let atMost { keywords["maxLength"] = .integer(atMost) }
        return Schema(keywords)
    }

    static let id = text(format: "uuid")
    static let time = text(format: "date-time")
    static let url = text(format: "uri")
    /// A file, in a body or in a form.
    static let bytes = text(format: "binary")
    static let null = Schema(["type": "null"])
    /// A text, possibly empty, without null characters, which PostgreSQL cannot store.
    static func line(atMost limit: Int) -> Schema {
        text(pattern: #"^[^\u0000]*$"#, atMost: limit).example("text")
    }
    /// The same, but not empty.
    static func filledLine(atMost limit: Int) -> Schema {
        text(pattern: #"^[^\u0000]*[^\s\u0000][^\u0000]*$"#, 1...limit).example("text")
    }

    /// One line of visible characters, as in `Validation.label`.
    static func label(atMost limit: Int) -> Schema {
        text(pattern: "^[^\(invisible)]*$", atMost: limit).example("text")
    }
    /// The same, but not empty.
    static func filledLabel(atMost limit: Int) -> Schema {
        text(pattern: "^[^\(invisible)]*[^\\s\(invisible)][^\(invisible)]*$", 1...limit).example("text")
    }

    /// `Unicode.Scalar.isInvisible` up to U+FFFF, as part of a pattern.
    private static let invisible =
        #"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"#
        + #"\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff"#
        + #"\uffa0\ufff0-\ufffb"#

    static func integer(_ range: ClosedRange<Int>? = nil) -> Schema {
        var keywords: [String: JSONValue] = ["type": "integer"]
        if let range {
            keywords["minimum"] = .integer(range.lowerBound)
            keywords["maximum"] = .integer(range.upperBound)
        }
        return Schema(keywords)
    }

    static let number = Schema(["type": "number"])

    /// One of a few texts.
    static func choice(_ names: [String]) -> Schema {
        Schema(["type": "string", "enum": .list(names.map { .text($0) })])
    }

    static func list(of item: Schema) -> Schema {
        Schema(["type": "array", "items": item.json])
    }

    /// An object; every property is required unless it is in `optional`.
    static func object(_ properties: [String: Schema], optional: Set<String> = []) -> Schema {
        let required = properties.keys.filter { !optional.contains($0) }.sorted()
        var keywords: [String: JSONValue] = [
            "type": "object", "properties": .object(properties.mapValues(\.json)),
        ]
        if !required.isEmpty { keywords["required"] = .list(required.map { .text($0) }) }
        return Schema(keywords)
    }

    /// A form: every property is optional unless it is in `required`; others are ignored.
    static func form(_ properties: [String: Schema], required: Set<String> = []) -> Schema {
        object(properties, optional: Set(properties.keys).subtracting(required))
    }

    /// An object with arbitrary keys.
    static func map(of value: Schema) -> Schema {
        Schema(["type": "object", "additionalProperties": value.json])
    }

    static func oneOf(_ choices: [Schema]) -> Schema {
        Schema(["oneOf": .list(choices.map(\.json))])
    }

    static func anyOf(_ choices: [Schema]) -> Schema {
        Schema(["anyOf": .list(choices.map(\.json))])
    }

    /// A reference to a component by name.
    static func named(_ name: String) -> Schema {
        Schema(["$ref": .text("#/components/schemas/\(name)")])
    }

    // MARK: Changes

    /// The same or null.
    var nullable: Schema {
        guard case .text(let type)? = keywords["type"] else {
            return Schema(["anyOf": [json, ["type": "null"]]])
        }
        // Code generators create one type for a choice beside null, but one for each occurrence of null within a
        // choice.
        guard keywords["enum"] == nil else { return Schema(["anyOf": [json, ["type": "null"]]]) }
        var copy = self
        copy.keywords["type"] = [.text(type), "null"]
        return copy
    }

    /// For readers, since a value generated from the pattern would be unreadable.
    func example(_ text: String) -> Schema {
        var copy = self
        copy.keywords["examples"] = [.text(text)]
        return copy
    }

    func described(_ text: String) -> Schema {
        var copy = self
        copy.keywords["description"] = .text(text)
        return copy
    }
}
