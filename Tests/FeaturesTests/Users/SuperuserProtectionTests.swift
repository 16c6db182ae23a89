import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// An institution's administrator cannot change a superuser's account there.
@Suite struct SuperuserProtectionTests {
    private static func token(_ clinic: FeaturesFixture, of session: SessionID) async throws -> ID<RefreshToken> {
        let row = try await clinic.database.read {
            try $0.queryOne("SELECT id FROM refresh_tokens WHERE session_id = \(session)")
        }
        return try #require(row).get("id")
    }

    @Test(arguments: TestDatabase.all) func anAdministratorIsRefused(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.superuser()
            let admin = try await clinic.signIn(.admin)
            _ = try await clinic.sessions.secondFactors.enrol(root.principal, password: FeaturesFixture.password)
            let id = root.user.id
            let session = root.principal.session
            let token = try await Self.token(clinic, of: session)
            let tries: [@Sendable (Scope) async throws -> Void] = [
                { try await clinic.sessions.end($0, session) },
                { try await clinic.sessions.end($0, holding: token) },
                { try await clinic.sessions.endAll($0, of: id) },
                { try await clinic.sessions.secondFactors.reset($0, id) },
                { _ = try await clinic.users.updateUser($0, id, UserChange(isActive: false)) },
                { _ = try await clinic.users.updateUser($0, id, UserChange(firstName: "Not")) },
                { try await clinic.users.delete($0, id) },
            ]
            for (number, attempt) in tries.enumerated() {
                let error = await #expect(throws: AppError.self, "\(number)") { try await attempt(admin.scope) }
                #expect(error?.code == .forbidden && error?.message.contains("superuser") == true, "\(number)")
            }
            // Nothing was partially changed.
            _ = try await clinic.again(root)
            #expect(try await clinic.count("second_factors") == 1)
            #expect(try await clinic.count("users WHERE id = '\(id)' AND is_active = 1 AND first_name = 'Root'") == 1)
            // Another superuser may, and so may the owner.
            try await clinic.sessions.endAll(root.scope, of: id)
            await #expect(throws: AppError.self) { try await clinic.again(root) }
        }
    }
}
