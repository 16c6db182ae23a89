import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Passwords set by an administrator, and concurrent changes of accounts.
struct SetPasswordTests {
    private static let form = PasswordChange(newPassword: "battery staple", confirmPassword: "battery staple")

    @Test(arguments: TestDatabase.all) func anAdminSetsItAndSessionsEnd(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let person = try await clinic.signIn(.doctor)
            let origin = RequestOrigin()
            try await clinic.users.setPassword(admin.scope, person.user.id, Self.form)
            await #expect(throws: AppError.self) {
                try await clinic.sessions.authenticate(person.tokens.access, origin: origin)
            }
            await #expect(throws: AppError.self) {
                try await clinic.sessions.login(
                    email: person.user.email, password: FeaturesFixture.password, origin: origin)
            }
            _ = try await clinic.sessions.login(
                email: person.user.email, password: "battery staple", origin: origin)
            let entries = try await clinic.audit.list(admin.scope).items
            #expect(entries.contains { $0.action == "user.set_password" && $0.objectID == person.user.id.string })
        }
    }

    @Test(arguments: TestDatabase.all) func itFollowsTheRules(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let person = try await clinic.signIn(.doctor)
            for (field, form) in [
                ("newPassword", PasswordChange(newPassword: "short", confirmPassword: "short")),
                ("newPassword", PasswordChange(newPassword: nil, confirmPassword: nil)),
                ("newPassword", PasswordChange(newPassword: person.user.email, confirmPassword: person.user.email)),
                ("confirmPassword", PasswordChange(newPassword: "battery staple", confirmPassword: "x")),
            ] {
                await #expect { try await clinic.users.setPassword(admin.scope, person.user.id, form) } throws: {
                    isAppError($0, .validation, field: field)
                }
            }
            _ = try await clinic.sessions.authenticate(person.tokens.access, origin: RequestOrigin())
        }
    }

    @Test(arguments: TestDatabase.all) func onlyWhomOneStandsAbove(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.superuser()
            let admin = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let stranger = try await clinic.signIn(.doctor, institution: try await clinic.makeInstitution())
            for (scope, id, code) in [
                (admin.scope, root.user.id, AppError.Code.forbidden), (doctor.scope, admin.user.id, .forbidden),
                (admin.scope, stranger.user.id, .notFound), (admin.scope, admin.user.id, .conflict),
            ] {
                await #expect { try await clinic.users.setPassword(scope, id, Self.form) } throws: {
                    isAppError($0, code)
                }
            }
            try await clinic.users.setPassword(root.scope, admin.user.id, Self.form)
        }
    }

    @Test(arguments: TestDatabase.all) func aChangeOfWhatOthersChangedIsRefused(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let person = try await clinic.signIn(.doctor)
            let seen = Precondition.revision(among: [person.user.updatedAt.microseconds])
            let other = try await clinic.users.updateUser(
                admin.scope, person.user.id, UserChange(role: "radiologist"), if: seen)
            #expect(other.updatedAt > person.user.updatedAt)
            await #expect {
                try await clinic.users.updateUser(
                    admin.scope, person.user.id, UserChange(isEmailVerified: true), if: seen)
            } throws: {
                isAppError($0, .preconditionFailed)
            }
            #expect(try await clinic.users.user(admin.scope, person.user.id) == other)
        }
    }
}
