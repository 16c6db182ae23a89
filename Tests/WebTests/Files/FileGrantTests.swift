import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Web

/// Signed URLs are valid only as long as their user's access.
struct FileGrantTests {
    /// A path with its query, from a response's absolute URL.
    private static func path(_ address: String?) throws -> String {
        let parts = try #require(address.flatMap { URLComponents(string: $0) })
        return "\(parts.path)?\(parts.query ?? "")"
    }

    private static func status(_ path: String, _ clinic: WebFixture) async throws -> HTTPResponse.Status {
        try await clinic.call(.get, path).status
    }

    private static func userID(_ token: String, _ clinic: WebFixture) async throws -> String {
        try #require(try await clinic.call(.get, "/api/users/profile/", as: token)["id"])
    }

    /// The URLs of a case for `token`: paths of an image, a result file and a PDF.
    private static func paths(_ id: String, as token: String, _ clinic: WebFixture) async throws -> [String] {
        let images = try await clinic.call(.get, "/api/cases/\(id)/images/", as: token)
        let result = try await clinic.call(.get, "/api/cases/\(id)/segmentation/", as: token)
        let masks = try #require(result.object["mask_files"] as? [[String: Any]])
        var addresses = [images.list.first?["filePath"] as? String, masks.first?["url"] as? String]
        let reports = try await clinic.call(.get, "/api/reports/", as: token)
        if let report = reports.list.first?["reportId"] as? String {
            _ = try await clinic.call(.get, "/api/reports/\(report)/export/", as: token)
            let printed = try await clinic.call(.get, "/api/reports/\(report)/pdfs/", as: token)
            addresses.append(printed.list.first?["url"] as? String)
        }
        return try addresses.map(Self.path)
    }

    private static func finishedCase(_ owner: String, _ clinic: WebFixture) async throws -> String {
        let id = try await clinic.makeUploadedCase(owner)
        let start = try await clinic.call(.post, "/api/inference/", "{\"caseId\": \"\(id)\"}", as: owner)
        #expect(start.status == .accepted)
        try await clinic.work()
        return id
    }

    @Test(arguments: TestDatabase.all) func anAddressEndsWithTheShare(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let owner = try await clinic.signUp()
            let colleague = try await clinic.signUp("grace@clinic.org")
            let id = try await Self.finishedCase(owner, clinic)
            let user = try await Self.userID(colleague, clinic)
            let share = try await clinic.call(
                .post, "/api/cases/\(id)/shares/", "{\"userId\": \"\(user)\", \"access\": \"read\"}", as: owner)
            #expect(share.status == .created || share.status == .ok, "\(share.text)")
            let paths = try await Self.paths(id, as: colleague, clinic)
            #expect(paths.count == 3)
            for path in paths { #expect(try await Self.status(path, clinic) == .ok) }
            let revoked = try await clinic.call(.delete, "/api/cases/\(id)/shares/\(user)/", as: owner)
            #expect(revoked.status == .ok, "\(revoked.text)")
            for path in paths { #expect(try await Self.status(path, clinic) == .notFound, "\(path)") }
            for path in try await Self.paths(id, as: owner, clinic) {
                #expect(try await Self.status(path, clinic) == .ok)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func anAddressEndsWithTheSignIn(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let owner = try await clinic.signUp()
            let id = try await Self.finishedCase(owner, clinic)
            let login = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            let second = try await clinic.call(.post, "/api/users/login/", login)
            let paths = try await Self.paths(id, as: try #require(second["access"]), clinic)
            for path in paths { #expect(try await Self.status(path, clinic) == .ok) }
            let refresh = try #require(second["refresh"])
            _ = try await clinic.call(.post, "/api/users/logout/", "{\"refresh\": \"\(refresh)\"}")
            for path in paths { #expect(try await Self.status(path, clinic) == .forbidden, "\(path)") }
            // The same user's other sign-in is unaffected.
            let others = try await Self.paths(id, as: owner, clinic)
            for path in others { #expect(try await Self.status(path, clinic) == .ok) }
            // A URL is bound to its sign-in.
            let session = try #require(others.first?.firstMatch(of: /session=([0-9a-f-]+)/)).1
            let mixed = try #require(paths.first).replacing(/session=[0-9a-f-]+/, with: "session=\(session)")
            #expect(try await Self.status(mixed, clinic) == .forbidden)
        }
    }

    @Test(arguments: TestDatabase.all) func anAddressEndsWithTheAccount(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let admin = try await clinic.signUpAdmin()
            let owner = try await clinic.signUp()
            let id = try await Self.finishedCase(owner, clinic)
            let user = try await Self.userID(owner, clinic)
            let paths = try await Self.paths(id, as: owner, clinic)
            let closed = try await clinic.call(
                .patch, "/api/users/users/\(user)/", "{\"isActive\": false}", as: admin)
            #expect(closed.status == .ok, "\(closed.text)")
            for path in paths { #expect(try await Self.status(path, clinic) == .forbidden, "\(path)") }
            for path in try await Self.paths(id, as: admin, clinic) {
                #expect(try await Self.status(path, clinic) == .ok)
            }
        }
    }

    /// Researchers only see completed cases.
    @Test(arguments: TestDatabase.all) func aResearchersAddressEndsWithTheCompletion(_ kind: TestDatabase) async throws
    {
        try await WebFixture.with(kind) { clinic in
            let owner = try await clinic.signUp()
            let researcher = try await clinic.signUp("grace@clinic.org", role: "researcher")
            let id = try await Self.finishedCase(owner, clinic)
            let paths = try await Self.paths(id, as: researcher, clinic)
            #expect(paths.count == 2)
            for path in paths { #expect(try await Self.status(path, clinic) == .ok) }
            let archived = try await clinic.call(
                .patch, "/api/cases/\(id)/", "{\"status\": \"archived\"}", as: owner)
            #expect(archived.status == .ok, "\(archived.text)")
            for path in paths { #expect(try await Self.status(path, clinic) == .notFound, "\(path)") }
        }
    }
}
