import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Role × institution × route × object: every call of the API, by every user including superusers at home and visiting,
/// on one's own, a colleague's, another institution's, deleted and unknown objects, responds as `Policy` requires.
struct PermissionMatrixTests {
    @Test func everyCallAnswersAsPolicyHasIt() async throws {
        // All callers sign in with the same empty form.
        var sessions = SessionSettings()
        sessions.throttling = ThrottleSettings(account: 1000)
        try await WebFixture.with(.sqlite, sessions: sessions) { clinic in
            let world = try await PermissionMatrixFixture(clinic)
            let routes = try clinic.services.apiRoutes
            var cells = 0
            for route in routes { cells += try await ask(route, in: world) }
            print("permission matrix: \(cells) questions about \(routes.count) calls")
            #expect(cells > 3000)
        }
    }

    /// Makes the call as every caller; returns the number of calls.
    private func ask(_ route: APIRoute, in world: PermissionMatrixFixture) async throws -> Int {
        let subject: Subject?
        let relations: [Relation?]
        do { (subject, relations) = try PermissionMatrixFixture.relations(of: route) } catch {
            Issue.record("\(route.method) \(route.path): the matrix can't classify it: \(error)")
            return 0
        }
        let everybody = world.askers.map(Optional.some) + [nil]
        for member in everybody {
            for relation in relations {
                // Callers who may delete their own account do so as a new user, since they are still needed.
                let isLast = relation == .own && route.isRemovalOfUser
                let asker = isLast ? try await world.newcomer(like: member) : member
                let cell = Cell(route: route, scope: asker?.scope, relation: relation)
                let status = try await answer(cell, asker, subject, in: world)
                let expected = cell.expectation(of: subject)
                #expect(
                    expected.fits(status),
                    """
                    \(route.method) \(route.path) by \(asker?.name ?? "a stranger") on \
                    \(relation?.rawValue ?? "nothing"): expected \(expected), got \(status)
                    """)
            }
        }
        return everybody.count * relations.count
    }

    private func answer(
        _ cell: Cell, _ asker: PermissionMatrixFixture.Asker?, _ subject: Subject?, in world: PermissionMatrixFixture
    ) async throws -> Int {
        var path = cell.route.path
        var body = cell.route.component.map { PermissionMatrixFixture.bodies[$0] ?? "{}" }
        if let subject, let relation = cell.relation {
            let id = try await self.id(cell, subject, relation, asker, in: world)
            if subject == .file {
                path = try world.signedAddress(relation, for: asker)
            } else if let name = cell.route.pathParameters.first(where: { $0.hasSuffix("Id") }) {
                path = path.replacing("{\(name)}", with: id)
                path = try await world.prepare(cell.route, path, world.owner(relation, for: asker))
            } else {
                body = "{\"caseId\": \"\(id)\"}"
            }
        }
        var headers = try headers(of: cell.route)
        if let asker, asker.scope.isVisiting { headers[.institution] = asker.institution.string }
        return try await world.clinic.call(
            cell.route.method, path, body, as: asker?.member.token, headers: headers
        ).status.code
    }

    private func id(
        _ cell: Cell, _ subject: Subject, _ relation: Relation, _ asker: PermissionMatrixFixture.Asker?,
        in world: PermissionMatrixFixture
    ) async throws -> String {
        if cell.route.access == .allowed(.restoreCase) && relation == .deleted {
            return try await world.makeDeletedCase(for: asker)
        }
        let isChange = cell.route.method != .get && cell.route.method != .head
        return try await world.id(subject, relation, for: asker, isChange: isChange)
    }

    /// Headers required by the tus protocol, which are checked before the object.
    private func headers(of route: APIRoute) throws -> HTTPFields {
        guard route.path.contains("/uploads/") else { return [:] }
        let values = [
            "Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Offset": "0", "Upload-Metadata": "modality dDE=",
            "Content-Type": "application/offset+octet-stream",
        ]
        return try values.reduce(into: HTTPFields()) { $0[try #require(HTTPField.Name($1.key))] = $1.value }
    }

    @Test func signedAddressesOpenOneFileAlone() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let world = try await PermissionMatrixFixture(clinic)
            let mine = try world.signedAddress(.own, for: nil)
            let gone = try world.signedAddress(.deleted, for: nil)
            let other = try world.signedAddress(.elsewhere, for: nil)
            for method in [HTTPRequest.Method.get, .head] {
                #expect(try await clinic.call(method, mine).status == .ok)
                // Its user has no account any more.
                #expect(try await clinic.call(method, gone).status == .forbidden)
                let home = world.homes[0].string
                let swapped = mine.replacing(home, with: world.homes[1].string)
                #expect(try await clinic.call(method, swapped).status == .forbidden)
                #expect(try await clinic.call(method, other).status == .ok)
                let bare = String(mine.prefix { $0 != "?" })
                #expect(try await clinic.call(method, bare).status == .notFound)
            }
        }
    }
}
