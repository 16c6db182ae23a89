import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Who may register without an invitation, and who approves.
@Suite struct RegistrationTests {
    private static func form(_ email: String = "grace@clinic.org", invitation: String? = nil) -> Registration {
        Registration(
            email: email, password: FeaturesFixture.password, confirmPassword: FeaturesFixture.password,
            firstName: "Grace",
            lastName: "Hopper", role: "radiologist", invitation: invitation)
    }

    private static func users(_ clinic: FeaturesFixture, _ mode: RegistrationMode) -> UsersService {
        UsersService(sessions: clinic.sessions, settings: AccountSettings(registration: mode))
    }

    @Test(arguments: TestDatabase.all) func whoWaitsIsLetInByAnAdministrator(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let users = Self.users(clinic, .approval)
            let admin = try await clinic.signIn(.admin)
            let waiting = try await users.register(Self.form(), origin: RequestOrigin())
            #expect(waiting.tokens == nil && waiting.user.isPending && !waiting.user.isActive)
            func login(_ password: String = FeaturesFixture.password) async throws -> SignedIn {
                try await clinic.sessions.login(email: "grace@clinic.org", password: password, origin: RequestOrigin())
            }
            await #expect { try await login() } throws: { isAppError($0, .approvalPending) }
            // Only shown with the correct password.
            await #expect { try await login("wrong password") } throws: { isAppError($0, .unauthenticated) }
            let doctor = try await clinic.signIn(.doctor)
            let stranger = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            let id = waiting.user.id
            for (person, code) in [(doctor, AppError.Code.forbidden), (stranger, .notFound)] {
                await #expect { try await users.approve(person.scope, id, ApprovalForm(role: "doctor")) } throws: {
                    isAppError($0, code)
                }
            }
            for role in [nil, "emperor"] {
                await #expect { try await users.approve(admin.scope, id, ApprovalForm(role: role)) } throws: {
                    isAppError($0, .validation, field: "role")
                }
            }
            let approved = try await users.approve(admin.scope, id, ApprovalForm(role: "doctor"))
            #expect(approved.role == .doctor && approved.isActive && !approved.isPending)
            #expect(try await login().user.role == .doctor)
            await #expect { try await users.approve(admin.scope, id, ApprovalForm(role: "admin")) } throws: {
                isAppError($0, .conflict)
            }
            let actions = try await clinic.actions()
            #expect(actions.contains("user.approve") && actions.contains("user.change_role"))
        }
    }

    @Test(arguments: TestDatabase.all) func activatingApprovesAsWell(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let users = Self.users(clinic, .approval)
            let admin = try await clinic.signIn(.admin)
            let id = try await users.register(Self.form(), origin: RequestOrigin()).user.id
            let active = try await users.updateUser(admin.scope, id, UserChange(isActive: true))
            #expect(active.isActive && !active.isPending)
            // Rejected.
            let other = try await users.register(Self.form("eve@clinic.org"), origin: RequestOrigin()).user.id
            try await users.delete(admin.scope, other)
            #expect(try await clinic.count("users WHERE is_pending = 1") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func invitationsWorkInEveryMode(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            for mode in RegistrationMode.allCases {
                let users = Self.users(clinic, mode)
                let email = "\(mode.rawValue)@clinic.org"
                let token = try await users.invitations.create(admin.scope, InvitationForm(role: "researcher")).token
                #expect(try await users.mayRegister(invitation: token.text))
                #expect(try await users.mayRegister(invitation: nil) == (mode != .closed))
                let joined = try await users.register(
                    Self.form(email, invitation: token.text), origin: RequestOrigin())
                #expect(joined.tokens != nil && joined.user.role == .researcher)
                #expect(try await users.mayRegister(invitation: token.text) == (mode != .closed))
            }
            await #expect {
                try await Self.users(clinic, .closed).register(Self.form(), origin: RequestOrigin())
            } throws: {
                isAppError($0, .forbidden)
            }
        }
    }

    /// The operator's command, like Django's `changepassword`.
    @Test(arguments: TestDatabase.all) func theOperatorSetsAPassword(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let form = PasswordChange(newPassword: "battery staple", confirmPassword: "battery staple")
            _ = try await clinic.users.setPassword(email: person.user.email.uppercased(), form)
            await #expect(throws: AppError.self) { try await clinic.again(person) }
            _ = try await clinic.sessions.login(
                email: person.user.email, password: "battery staple", origin: RequestOrigin())
            await #expect { try await clinic.users.setPassword(email: "nobody@clinic.org", form) } throws: {
                isAppError($0, .notFound)
            }
            let short = PasswordChange(newPassword: "short", confirmPassword: "other")
            await #expect { try await clinic.users.setPassword(email: person.user.email, short) } throws: {
                isAppError($0, .validation, field: "confirmPassword")
            }
        }
    }

    @Test func anInvitationIsOpenUntilItIsUsedRevokedOrOver() {
        let end = Timestamp(microseconds: 100)
        func isOpen(at time: Int64, used: Timestamp? = nil, revoked: Timestamp? = nil) -> Bool {
            Invitation(
                id: ID(), institution: ID(), role: .doctor, email: nil, createdAt: Timestamp(microseconds: 0),
                expiresAt: end, usedAt: used, revokedAt: revoked
            ).isOpen(at: Timestamp(microseconds: time))
        }
        #expect(isOpen(at: 99) && !isOpen(at: 100))
        #expect(!isOpen(at: 1, used: Timestamp(microseconds: 1)))
        #expect(!isOpen(at: 1, revoked: Timestamp(microseconds: 1)))
    }
}
