import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Web

/// The list of calls and the document that is made of it.
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
        try await WebClinic.with(.sqlite) { clinic in
            let document = try await clinic.call(.get, "/api/schema/").object
            let components = try #require(
                (document["components"] as? [String: Any])?["schemas"] as? [String: Any])
            let wanted = Self.references(document).compactMap { $0.split(separator: "/").last.map(String.init) }
            #expect(Set(wanted).subtracting(components.keys).sorted() == [], "named, but not described")
            #expect(Set(components.keys).subtracting(wanted).sorted() == [], "described, but named nowhere")
        }
    }

    @Test func callsAreToldApartAndTheirPlacesAreDescribed() async throws {
        try await WebClinic.with(.sqlite) { clinic in
            let routes = try clinic.services.apiRoutes
            #expect(Set(routes.map(\.operationID)).count == routes.count)
            for route in routes {
                #expect(route.path.hasPrefix("/api/"), "\(route.path)")
                #expect(!route.answers.isEmpty && !route.summary.isEmpty, "\(route.path)")
                for name in route.placeNames {
                    #expect(route.placeSchema(name) != nil, "\(route.path): say by `places` what \(name) is")
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
}
