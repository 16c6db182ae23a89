import Basics
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Web

/// The list of calls and its OpenAPI document.
struct APIDescriptionTests {
    /// Every `$ref` in a JSON value.
    private static func references(_ value: Any) -> Set<String> {
        switch value {
        case let members as [String: Any]:
            members.reduce(into: Set((members["$ref"] as? String).map { [$0] } ?? [])) {
                $0.formUnion(references($1.value))
            }
        case let items as [Any]: items.reduce(into: []) { $0.formUnion(references($1)) }
        default: []
        }
    }

    @Test func everyComponentExistsAndIsUsed() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let document = try await clinic.call(.get, "/api/schema/").object
            let components = try #require(
                (document["components"] as? [String: Any])?["schemas"] as? [String: Any])
            let wanted = Self.references(document).compactMap { $0.split(separator: "/").last.map(String.init) }
            #expect(Set(wanted).subtracting(components.keys).sorted() == [], "named, but not described")
            #expect(Set(components.keys).subtracting(wanted).sorted() == [], "described, but named nowhere")
        }
    }

    @Test func callsAreToldApartAndTheirPlacesAreDescribed() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let routes = try clinic.services.apiRoutes
            #expect(Set(routes.map { $0.operationID.camelCased.lowercased() }).count == routes.count)
            for route in routes {
                #expect(route.path.hasPrefix("/api/"), "\(route.path)")
                #expect(!route.responses.isEmpty && !route.summary.isEmpty, "\(route.path)")
                for name in route.pathParameters {
                    #expect(route.placeSchema(name) != nil, "\(route.path): say by `places` what \(name) is")
                }
            }
        }
    }

    /// Code generators make classes from components and the choices and objects within them, named by both names in
    /// sequence, and files that must differ on case-insensitive disks.
    @Test func noTwoNamesBecomeOneClass() {
        var owners: [String: String] = [:]
        for (name, schema) in Components.all {
            for (place, made) in Self.classes(name, schema.json) {
                let other = owners.updateValue(place, forKey: made.lowercased())
                #expect(other == nil, "\(place) and \(other ?? "") both become \(made)")
            }
        }
    }

    /// The classes that a generator makes from a schema, with the origin of each.
    private static func classes(_ name: String, _ schema: JSONValue) -> [(place: String, made: String)] {
        guard case .object(let keywords) = schema else { return [] }
        if case .list(let choices)? = keywords["anyOf"] ?? keywords["oneOf"] {
            return choices.enumerated().flatMap { classes("\(name).type\($0.offset)", $0.element) }
        }
        if let items = keywords["items"] { return classes("\(name).item", items) }
        let members: [String: JSONValue] = if case .object(let all)? = keywords["properties"] { all } else { [:] }
        guard keywords["enum"] != nil || keywords["properties"] != nil else { return [] }
        let words = name.split { $0 == "." || $0 == "_" }
        return [(name, words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined())]
            + members.flatMap { classes("\(name).\($0.key)", $0.value) }
    }

    @Test func everyBodyAndAnswerIsDescribed() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let paths = try #require(try await clinic.call(.get, "/api/schema/").object["paths"] as? [String: Any])
            for (path, value) in paths {
                for (method, value) in try #require(value as? [String: [String: Any]]) {
                    #expect(value["operationId"] is String, "\(method) \(path)")
                    let responses = try #require(value["responses"] as? [String: [String: Any]])
                    for (place, part) in responses.merging(
                        ["request": value["requestBody"] as? [String: Any] ?? [:]], uniquingKeysWith: { $1 })
                    {
                        for (type, media) in part["content"] as? [String: [String: Any]] ?? [:] {
                            #expect(media["schema"] != nil, "\(method) \(path) \(place) \(type)")
                        }
                    }
                }
            }
        }
    }

    @Test func theCheckFindsWhatIsWrong() {
        let schema = Schema.object(["id": .id, "age": Schema.integer(0...9).nullable, "kind": .choice(["a"])])
        let id = UUID().uuidString.lowercased()
        func faults(_ value: [String: Any]) -> Int { SchemaCheck().faults(value, schema).count }
        #expect(faults(["id": id, "age": 3, "kind": "a"]) == 0)
        #expect(faults(["id": id, "age": NSNull(), "kind": "a"]) == 0)
        #expect(faults(["id": "x", "age": 10, "kind": "b"]) == 3)
        #expect(faults(["id": id, "kind": "a"]) == 1)
        #expect(faults(["id": id, "age": 3, "kind": "a", "more": 1]) == 1)
        #expect(faults(["id": id, "age": true, "kind": "a"]) == 1)
    }

    /// Bytes of a type of their own are also taken as plain bytes, which clients made from the document send.
    @Test func bodiesOfBytesSayWhatTheyAreSentAs() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let text = try await clinic.call(.get, "/api/schema/").text.replacing("\\/", with: "/")
            #expect(text.contains("Sent as `application/offset+octet-stream` or as `application/octet-stream`."))
            #expect(!text.contains("Sent as `application/octet-stream`"))
        }
    }
}
