import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Web

/// Role × institution × route × object: every call of the API, made by everybody, on objects that are one's own, a
/// colleague's, another institution's, deleted or unknown, answers as `Policy` has it.
struct PermissionMatrixTests {
    @Test func everyCallAnswersAsPolicyHasIt() async throws {
        try await WebClinic.with(.sqlite) { clinic in
            let world = try await MatrixWorld(clinic)
            let routes = try clinic.services.apiRoutes
            var cells = 0
            for route in routes where route.access != .signedAddress {
                cells += try await ask(route, in: world)
            }
            print("permission matrix: \(cells) questions about \(routes.count) calls")
            #expect(cells > 1000)
        }
    }

    /// Everybody asks; how many questions that were.
    private func ask(_ route: APIRoute, in world: MatrixWorld) async throws -> Int {
        let subject: Subject?
        let relations: [Relation?]
        do { (subject, relations) = try MatrixWorld.relations(of: route) } catch {
            Issue.record("\(route.method) \(route.path): the matrix can't classify it: \(error)")
            return 0
        }
        let everybody = world.homes.flatMap { home in Role.allCases.map { world.members[home]?[$0] } } + [nil]
        for member in everybody {
            for relation in relations {
                let cell = Cell(route: route, role: member?.role, relation: relation)
                let status = try await answer(cell, member, subject, in: world)
                let expected = cell.expectation(of: subject)
                #expect(
                    expected.fits(status),
                    """
                    \(route.method) \(route.path) by \(member?.role.rawValue ?? "a stranger") on \
                    \(relation?.rawValue ?? "nothing"): expected \(expected), got \(status)
                    """)
            }
        }
        return everybody.count * relations.count
    }

    private func answer(
        _ cell: Cell, _ member: MatrixWorld.Member?, _ subject: Subject?, in world: MatrixWorld
    ) async throws -> Int {
        var path = cell.route.path
        var body = cell.route.component.map { MatrixWorld.bodies[$0] ?? "{}" }
        if let subject, let relation = cell.relation {
            let id = try await self.id(cell, subject, relation, member, in: world)
            if let name = cell.route.placeNames.first(where: { $0.hasSuffix("Id") }) {
                path = path.replacing("{\(name)}", with: id)
                path = try await world.prepare(cell.route, path, world.owner(relation, for: member))
            } else {
                body = "{\"caseId\": \"\(id)\"}"
            }
        }
        return try await world.clinic.call(
            cell.route.method, path, body, as: member?.token, headers: headers(of: cell.route)
        ).status.code
    }

    private func id(
        _ cell: Cell, _ subject: Subject, _ relation: Relation, _ member: MatrixWorld.Member?, in world: MatrixWorld
    ) async throws -> String {
        if cell.route.access == .allowed(.restoreCase) && relation == .deleted {
            return try await world.makeDeletedCase(for: member)
        }
        let isChange = cell.route.method != .get && cell.route.method != .head
        return try await world.id(subject, relation, for: member, isChange: isChange)
    }

    /// What the protocol of uploads in parts asks for, which it compares before it looks for the object.
    private func headers(of route: APIRoute) throws -> HTTPFields {
        guard route.path.contains("/uploads/") else { return [:] }
        let values = [
            "Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Offset": "0", "Upload-Metadata": "modality dDE=",
            "Content-Type": "application/offset+octet-stream",
        ]
        return try values.reduce(into: HTTPFields()) { $0[try #require(HTTPField.Name($1.key))] = $1.value }
    }

    @Test func signedAddressesOpenOneFileAlone() async throws {
        try await WebClinic.with(.sqlite) { clinic in
            let world = try await MatrixWorld(clinic)
            let mine = try world.owner(.own, for: nil).objects.file
            let gone = try world.owner(.deleted, for: nil).objects.file
            let other = try world.owner(.elsewhere, for: nil)
            for method in [HTTPRequest.Method.get, .head] {
                #expect(try await clinic.call(method, mine).status == .ok)
                #expect(try await clinic.call(method, gone).status == .notFound)
                let home = world.homes[0].string
                let swapped = mine.replacing(home, with: other.institution.string)
                #expect(try await clinic.call(method, swapped).status == .forbidden)
                #expect(try await clinic.call(method, other.objects.file).status == .ok)
                let bare = String(mine.prefix { $0 != "?" })
                #expect(try await clinic.call(method, bare).status == .notFound)
            }
        }
    }
}
