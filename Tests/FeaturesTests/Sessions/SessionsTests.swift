import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct SessionsTests {
    private let origin = RequestOrigin(requestID: "r-1", address: "192.0.2.7")

    private static func registration(_ change: (inout Registration) -> Void = { _ in }) -> Registration {
        var form = Registration(
            email: "Ada@Clinic.org", password: FeaturesFixture.password, confirmPassword: FeaturesFixture.password,
            firstName: "Ada",
            lastName: "Lovelace", role: "doctor", institution: "Charité", specialty: "Neuroradiology")
        change(&form)
        return form
    }

    @Test(arguments: TestDatabase.all) func fromRegistrationToLogout(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let registered = try await clinic.users.register(Self.registration(), origin: origin)
            #expect(registered.user.email == "ada@clinic.org")
            #expect(registered.user.username == "ada")
            #expect(registered.user.role == .doctor)
            let signedIn = try await clinic.sessions.login(
                email: " ADA@clinic.org ", password: FeaturesFixture.password, origin: origin)
            #expect(signedIn.user.id == registered.user.id)

            clinic.clock.advance(by: .seconds(61 * 60))
            await #expect { try await clinic.sessions.authenticate(signedIn.tokens.access, origin: origin) } throws: {
                isAppError($0, .unauthenticated)
            }
            let fresh = try await clinic.sessions.refresh(signedIn.tokens.refresh, origin: origin)
            #expect(fresh.refresh != signedIn.tokens.refresh)
            let principal = try await clinic.sessions.authenticate(fresh.access, origin: origin)
            #expect(principal.scope.user == registered.user.id)
            #expect(principal.scope.origin == origin)

            try await clinic.sessions.logout(refreshToken: signedIn.tokens.refresh, origin: origin)
            try await clinic.sessions.logout(refreshToken: signedIn.tokens.refresh, origin: origin)
            for token in [signedIn.tokens.refresh, fresh.refresh] {
                await #expect { try await clinic.sessions.refresh(token, origin: origin) } throws: {
                    isAppError($0, .unauthenticated)
                }
            }
            await #expect { try await clinic.sessions.authenticate(fresh.access, origin: origin) } throws: {
                isAppError($0, .unauthenticated)
            }
            #expect(
                try await clinic.actions().sorted() == [
                    "session.end", "session.refresh", "session.start", "session.start", "user.register",
                ])
        }
    }

    @Test(arguments: TestDatabase.all) func logoutLeavesOtherSessionsAlone(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let other = try await clinic.sessions.login(
                email: person.user.email, password: FeaturesFixture.password, origin: origin)
            try await clinic.sessions.logout(refreshToken: person.tokens.refresh, origin: origin)
            _ = try await clinic.sessions.authenticate(other.tokens.access, origin: origin)
        }
    }

    @Test(arguments: TestDatabase.all) func aUserSeesAndEndsTheOwnSessions(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let stranger = try await clinic.signIn(.doctor)
            clinic.clock.advance(by: .seconds(60))
            let phone = RequestOrigin(address: "192.0.2.9", userAgent: "Phone/1.0")
            let other = try await clinic.sessions.login(
                email: person.user.email, password: FeaturesFixture.password, origin: phone)
            clinic.clock.advance(by: .seconds(600))
            _ = try await clinic.again(person)
            let list = try await clinic.sessions.list(person.principal)
            #expect(list.map(\.isCurrent) == [false, true])
            #expect(list[0].address == "192.0.2.9" && list[0].userAgent == "Phone/1.0")
            #expect(list[1].lastUsedAt == clinic.clock.now)
            #expect(list[0].lastUsedAt == list[0].createdAt)

            await #expect { try await clinic.sessions.end(stranger.principal, list[0].id) } throws: {
                isAppError($0, .notFound)
            }
            try await clinic.sessions.end(person.principal, list[0].id)
            await #expect(throws: AppError.self) {
                try await clinic.sessions.authenticate(other.tokens.access, origin: origin)
            }
            await #expect { try await clinic.sessions.end(person.principal, list[0].id) } throws: {
                isAppError($0, .notFound)
            }
            #expect(try await clinic.sessions.list(person.principal).count == 1)
        }
    }

    @Test(arguments: TestDatabase.all)
    func unknownAddressAndWrongPasswordLookAlike(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            for (email, password) in [
                (person.user.email, "wrong password"), ("nobody@clinic.org", FeaturesFixture.password),
                ("not an address\u{0}", ""), (person.user.email, String(repeating: "x", count: 100_000)),
            ] {
                let error = await #expect(throws: AppError.self) {
                    try await clinic.sessions.login(email: email, password: password, origin: origin)
                }
                #expect(error?.code == .unauthenticated)
                #expect(error?.message == "Invalid credentials")
            }
            #expect(try await clinic.actions(.refused) == Array(repeating: "session.start", count: 4))
        }
    }

    /// The existing client stores its first refresh token and never replaces it.
    @Test(arguments: TestDatabase.all) func aClientMayKeepItsFirstToken(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            for _ in 0..<20 {
                clinic.clock.advance(by: .seconds(61 * 60))
                let fresh = try await clinic.sessions.refresh(person.tokens.refresh, origin: origin)
                _ = try await clinic.sessions.authenticate(fresh.access, origin: origin)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aReplayAfterTheGraceRevokesTheFamily(_ kind: TestDatabase) async throws {
        let settings = SessionSettings(heldGrace: .seconds(30), rotatedGrace: .seconds(10))
        try await FeaturesFixture.with(kind, settings: settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            let fresh = try await clinic.sessions.refresh(person.tokens.refresh, origin: origin)
            clinic.clock.advance(by: .seconds(29))
            _ = try await clinic.sessions.refresh(person.tokens.refresh, origin: origin)
            clinic.clock.advance(by: .seconds(31))
            for token in [person.tokens.refresh, fresh.refresh] {
                // The trail is read in time order.
                clinic.clock.advance(by: .seconds(1))
                await #expect { try await clinic.sessions.refresh(token, origin: origin) } throws: {
                    isAppError($0, .unauthenticated)
                }
            }
            await #expect(throws: AppError.self) {
                try await clinic.sessions.authenticate(fresh.access, origin: origin)
            }
            #expect(try await clinic.actions(.refused).first == "session.replay")
        }
    }

    @Test(arguments: TestDatabase.all)
    func onceASuccessorIsUsedTheGraceIsShort(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let second = try await clinic.sessions.refresh(person.tokens.refresh, origin: origin)
            let third = try await clinic.sessions.refresh(second.refresh, origin: origin)
            clinic.clock.advance(by: .seconds(59))
            _ = try await clinic.sessions.refresh(person.tokens.refresh, origin: origin)
            clinic.clock.advance(by: .seconds(2))
            await #expect(throws: AppError.self) {
                try await clinic.sessions.refresh(person.tokens.refresh, origin: origin)
            }
            await #expect(throws: AppError.self) { try await clinic.sessions.refresh(third.refresh, origin: origin) }
        }
    }

    @Test(arguments: TestDatabase.all) func oneKindOfTokenIsNotTheOther(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            await #expect(throws: AppError.self) {
                try await clinic.sessions.authenticate(person.tokens.refresh, origin: origin)
            }
            await #expect(throws: AppError.self) {
                try await clinic.sessions.refresh(person.tokens.access, origin: origin)
            }
            await #expect { try await clinic.sessions.logout(refreshToken: "x.y.z", origin: origin) } throws: {
                isAppError($0, .validation, field: "refresh")
            }
            var parts = person.tokens.access.split(separator: ".").map(String.init)
            parts[1] = Data(#"{"sub":"\#(person.user.id)","token_type":"access"}"#.utf8).base64EncodedString()
            await #expect(throws: AppError.self) {
                try await clinic.sessions.authenticate(parts.joined(separator: "."), origin: origin)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func expiredSessionsAreForgotten(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            _ = try await clinic.sessions.refresh(person.tokens.refresh, origin: origin)
            try await clinic.sessions.deleteExpired()
            #expect(try await clinic.count("refresh_tokens") == 2)
            clinic.clock.advance(by: .seconds(1441 * 60))
            try await clinic.sessions.deleteExpired()
            #expect(try await clinic.count("sessions") == 0)
            #expect(try await clinic.count("refresh_tokens") == 0)
        }
    }

    // MARK: Registration

    @Test(arguments: TestDatabase.all) func nobodyRegistersAsAdmin(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let form = Self.registration { $0.role = "admin" }
            await #expect { try await clinic.users.register(form, origin: origin) } throws: {
                isAppError($0, .validation, field: "role")
            }
            let users = try await clinic.count("users")
            #expect(users == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func anAddressIsTakenOnce(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            _ = try await clinic.users.register(Self.registration(), origin: origin)
            let again = Self.registration { $0.email = "ADA@CLINIC.ORG" }
            await #expect { try await clinic.users.register(again, origin: origin) } throws: {
                isAppError($0, .validation, field: "email")
            }
            #expect(try await clinic.count("users") == 1)
        }
    }

    private static let faults: [FormFault<Registration>] = [
        FormFault("email") { $0.email = nil }, FormFault("email") { $0.email = "nobody" },
        FormFault("email") { $0.email = "a@b" },
        FormFault("email") { $0.email = "é@clinic.org" }, FormFault("email") { $0.email = "a@clinic..org" },
        FormFault("password") { $0.password = "short" },
        FormFault("password") { $0.password = String(repeating: "p", count: 129) },
        FormFault("password") { $0.password = nil }, FormFault("confirm_password") { $0.confirmPassword = "different" },
        FormFault("first_name") { $0.firstName = " " }, FormFault("last_name") { $0.lastName = nil },
        FormFault("last_name") { $0.lastName = "a\u{0}b" }, FormFault("role") { $0.role = "king" },
        FormFault("specialty") { $0.specialty = String(repeating: "s", count: 201) },
    ]

    @Test(arguments: faults)
    func aFormIsToldWhatIsWrong(_ fault: FormFault<Registration>) {
        #expect { try AccountForm(Self.registration(fault.change), PasswordRules()) } throws: {
            isAppError($0, .validation, field: fault.field)
        }
    }

    @Test func aFormIsToldAllThatIsWrong() {
        let form = Registration(email: nil, password: nil, confirmPassword: nil)
        let error = #expect(throws: AppError.self) { try AccountForm(form, PasswordRules()) }
        #expect(error?.fields.keys.sorted() == ["email", "first_name", "last_name", "password"])
    }
}
