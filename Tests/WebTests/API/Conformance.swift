import Foundation
import HTTPTypes
import Testing

@testable import Web

/// Compares responses with the API's description: `WebFixture` uses it for every call in a test.
struct Conformance: Sendable {
    private let routes: [(route: APIRoute, pattern: [Substring])]

    init(_ routes: [APIRoute]) {
        // Every response of every test is looked up here.
        self.routes = routes.map { ($0, $0.path.split(separator: "/")) }
    }

    /// Records an issue for every deviation from the description; undocumented calls pass.
    func check(_ method: HTTPRequest.Method, _ address: String, _ answer: Answer) {
        guard let route = route(method, address), answer.status != .methodNotAllowed else { return }
        let place = "\(method) \(route.path) \(answer.status.code)"
        let answers = route.responses.filter { $0.status.code == answer.status.code }
        guard !answers.isEmpty || route.failures.contains(answer.status.code) else {
            Issue.record("\(place): the description has no such status")
            return
        }
        guard answer.headers[.contentType]?.hasPrefix("application/json") == true,
            let value = try? JSONSerialization.jsonObject(with: answer.data, options: .fragmentsAllowed)
        else { return }
        let schemas = answers.compactMap { answer -> Schema? in
            if case .json(let schema) = answer.content { schema } else { nil }
        }
        let failure = Schema.named(answer.status == .badRequest ? "ValidationError" : "Error")
        let expected = answers.isEmpty ? failure : schemas.first ?? .anything
        for fault in SchemaCheck().faults(value, expected) { Issue.record("\(place): \(fault)") }
    }

    /// The call for a URL; constant components take precedence over parameters, as in the router.
    func route(_ method: HTTPRequest.Method, _ address: String) -> APIRoute? {
        let parts = address.prefix { $0 != "?" }.split(separator: "/")
        return routes.filter { route, pattern in
            route.method == method && pattern.count == parts.count
                && zip(pattern, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }.map(\.route).min { $0.pathParameters.count < $1.pathParameters.count }
    }
}

/// Validates a JSON value by a schema: the keywords that `Schema` writes, and no undeclared properties.
struct SchemaCheck {
    private typealias Keywords = [String: Any]

    /// An immutable JSON object.
    private struct Fixed: @unchecked Sendable {
        let keywords: Keywords

        init?(_ schema: Schema) {
            guard let data = try? JSONEncoder().encode(schema),
                let keywords = try? JSONSerialization.jsonObject(with: data) as? Keywords
            else { return nil }
            self.keywords = keywords
        }
    }

    /// Parsed once, since each is looked up for every value.
    private static let components = Components.all.compactMapValues { Fixed($0) }

    func faults(_ value: Any, _ schema: Schema) -> [String] {
        guard let fixed = Fixed(schema) else { return ["the schema is not JSON"] }
        return faults(value, fixed.keywords, at: "$")
    }

    private func faults(_ value: Any, _ keywords: Keywords, at path: String) -> [String] {
        // Any value.
        if keywords.isEmpty { return [] }
        if let reference = keywords["$ref"] as? String {
            let name = String(reference.split(separator: "/").last ?? "")
            guard let fixed = Self.components[name] else { return ["\(path): there is no component \(name)"] }
            return faults(value, fixed.keywords, at: path)
        }
        for (key, isExact) in [("oneOf", true), ("anyOf", false)] {
            guard let choices = keywords[key] as? [Keywords] else { continue }
            let results = choices.map { faults(value, $0, at: path) }
            let fitting = results.count(where: \.isEmpty)
            if isExact ? fitting == 1 : fitting > 0 { return [] }
            return ["\(path): fits \(fitting) of \(choices.count) choices: \(results.joined().prefix(4))"]
        }
        return typeFaults(value, keywords, at: path) + contentFaults(value, keywords, at: path)
    }

    private func typeFaults(_ value: Any, _ keywords: Keywords, at path: String) -> [String] {
        let types = keywords["type"] as? [String] ?? (keywords["type"] as? String).map { [$0] } ?? []
        if !types.isEmpty && !types.contains(where: { Self.isA($0, value) }) {
            return ["\(path): is no \(types.joined(separator: " or "))"]
        }
        if let names = keywords["enum"] as? [Any], !names.contains(where: { Self.isSame($0, value) }) {
            return ["\(path): is none of \(names)"]
        }
        return []
    }

    /// Choices are texts or null.
    private static func isSame(_ name: Any, _ value: Any) -> Bool {
        (name as? String) == (value as? String) && (name is NSNull) == (value is NSNull)
    }

    private static func isA(_ type: String, _ value: Any) -> Bool {
        switch type {
        case "null": value is NSNull
        case "boolean": (value as? NSNumber).map { CFBooleanKind.isBoolean($0) } ?? false
        case "integer":
            (value as? NSNumber).map { !CFBooleanKind.isBoolean($0) && $0.doubleValue.rounded() == $0.doubleValue }
                ?? false
        case "number": (value as? NSNumber).map { !CFBooleanKind.isBoolean($0) } ?? false
        case "string": value is String
        case "array": value is [Any]
        case "object": value is Keywords
        default: false
        }
    }

    private func contentFaults(_ value: Any, _ keywords: Keywords, at path: String) -> [String] {
        switch value {
        case let text as String: textFaults(text, keywords, at: path)
        case let items as [Any]:
            (keywords["items"] as? Keywords).map { item in
                items.enumerated().flatMap { faults($0.element, item, at: "\(path)[\($0.offset)]") }
            } ?? []
        case let members as Keywords: memberFaults(members, keywords, at: path)
        case let number as NSNumber: numberFaults(number.doubleValue, keywords, at: path)
        default: []
        }
    }

    private func memberFaults(_ members: Keywords, _ keywords: Keywords, at path: String) -> [String] {
        let known = keywords["properties"] as? [String: Keywords] ?? [:]
        let others = keywords["additionalProperties"] as? Keywords
        let missing = (keywords["required"] as? [String] ?? []).filter { members[$0] == nil }
        return missing.map { "\(path).\($0): is missing" }
            + members.sorted { $0.key < $1.key }.flatMap { name, value -> [String] in
                guard let schema = known[name] ?? others else { return ["\(path).\(name): is not described"] }
                return faults(value, schema, at: "\(path).\(name)")
            }
    }

    private func numberFaults(_ number: Double, _ keywords: Keywords, at path: String) -> [String] {
        let least = (keywords["minimum"] as? NSNumber)?.doubleValue ?? -.infinity
        let most = (keywords["maximum"] as? NSNumber)?.doubleValue ?? .infinity
        return number < least || number > most ? ["\(path): is not between \(least) and \(most)"] : []
    }

    private func textFaults(_ text: String, _ keywords: Keywords, at path: String) -> [String] {
        var faults: [String] = []
        let length = text.unicodeScalars.count
        if length < keywords["minLength"] as? Int ?? 0 || length > keywords["maxLength"] as? Int ?? .max {
            faults.append("\(path): has \(length) characters")
        }
        if let pattern = keywords["pattern"] as? String, text.range(of: pattern, options: .regularExpression) == nil {
            faults.append("\(path): does not match \(pattern)")
        }
        if let format = keywords["format"] as? String, !Self.has(format, text) {
            faults.append("\(path): is no \(format)")
        }
        return faults
    }

    private static func has(_ format: String, _ text: String) -> Bool {
        switch format {
        case "uuid": UUID(uuidString: text) != nil && text == text.lowercased()
        case "date-time":
            text.range(of: #"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"#, options: .regularExpression) != nil
        case "date": text.range(of: #"^\d{4}-\d\d-\d\d$"#, options: .regularExpression) != nil
        case "uri": URL(string: text)?.scheme != nil
        case "email": text.contains("@")
        default: true
        }
    }
}

/// `JSONSerialization` represents true and 1 by the same class; their Objective-C types differ.
private enum CFBooleanKind {
    static func isBoolean(_ number: NSNumber) -> Bool { ["c", "B"].contains(String(cString: number.objCType)) }
}
