import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct ThrottleTests {
    private static var settings: SessionSettings {
        var settings = SessionSettings()
        settings.throttling = ThrottleSettings(account: 3, address: 5, registrations: 2)
        return settings
    }

    private static func login(
        _ clinic: FeaturesFixture, _ email: String, _ password: String = "wrong password", from address: String? = nil
    ) async throws {
        _ = try await clinic.sessions.login(email: email, password: password, origin: RequestOrigin(address: address))
    }

    @Test(arguments: TestDatabase.all) func anAccountIsTriedSoOften(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            // The response does not depend on whether the account exists.
            for email in [person.user.email, "nobody@clinic.org"] {
                for _ in 0..<3 {
                    await #expect { try await Self.login(clinic, email) } throws: { isAppError($0, .unauthenticated) }
                }
                let error = await #expect(throws: AppError.self) { try await Self.login(clinic, email.uppercased()) }
                #expect(error?.code == .tooManyRequests && error?.retryAfter == 300)
            }
            // Even the correct password is rejected now, and accepted after a third of the window.
            await #expect { try await Self.login(clinic, person.user.email, FeaturesFixture.password) } throws: {
                isAppError($0, .tooManyRequests)
            }
            clinic.clock.advance(by: .seconds(300))
            try await Self.login(clinic, person.user.email, FeaturesFixture.password)
            // Success resets the failures.
            for _ in 0..<3 {
                await #expect { try await Self.login(clinic, person.user.email) } throws: {
                    isAppError($0, .unauthenticated)
                }
            }
        }
    }

    @Test(arguments: TestDatabase.all) func anAddressTriesSoOften(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            // Successful sign-ins from one address are unlimited.
            for _ in 0..<8 {
                try await Self.login(clinic, person.user.email, FeaturesFixture.password, from: "192.0.2.1")
            }
            for number in 0..<5 {
                await #expect {
                    try await Self.login(clinic, "nobody\(number)@clinic.org", from: "192.0.2.1")
                } throws: {
                    isAppError($0, .unauthenticated)
                }
            }
            await #expect { try await Self.login(clinic, "other@clinic.org", from: "192.0.2.1") } throws: {
                isAppError($0, .tooManyRequests)
            }
            await #expect { try await Self.login(clinic, "other@clinic.org", from: "192.0.2.2") } throws: {
                isAppError($0, .unauthenticated)
            }
            clinic.clock.advance(by: .seconds(3600))
            try await clinic.sessions.deleteExpired()
            #expect(try await clinic.count("throttles") == 0)
        }
    }

    @Test func aSubscribersAddressesAreOne() {
        let rule = ThrottleRule("address", attempts: 1, window: .seconds(1))
        func name(_ address: String) -> String { Attempt(rule: rule, address: address).name }
        #expect(name("2001:db8::1") == name("2001:db8:0:0:ffff::2"))
        #expect(name("2001:db8::1") != name("2001:db8:0:1::1"))
        #expect(name("192.0.2.1") == "192.0.2.1")
    }

    @Test(arguments: TestDatabase.all) func manyAtOnceAreNoWayAround(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            let rule = ThrottleRule("account", attempts: 3, window: .seconds(900))
            let admitted = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        (try? await clinic.sessions.throttle.admit([Attempt(rule: rule, name: "ada")])) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect((1...3).contains(admitted))
        }
    }

    @Test(arguments: TestDatabase.all) func anAddressRegistersSoOften(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            func register(_ number: Int) async throws {
                let form = Registration(
                    email: "a\(number)@clinic.org", password: FeaturesFixture.password,
                    confirmPassword: FeaturesFixture.password,
                    firstName: "A", lastName: "B")
                _ = try await clinic.users.register(form, origin: RequestOrigin(address: "192.0.2.1"))
            }
            try await register(1)
            try await register(2)
            await #expect { try await register(3) } throws: { isAppError($0, .tooManyRequests) }
            #expect(try await clinic.actions(.refused) == ["attempt.throttle"])
        }
    }

    @Test(arguments: TestDatabase.all) func wrongOwnPasswordsCountAsWell(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            let form = PasswordChange(
                currentPassword: "wrong", newPassword: "battery staple", confirmPassword: "battery staple")
            for code in [AppError.Code.validation, .validation, .validation, .tooManyRequests] {
                await #expect { try await clinic.users.changePassword(person.principal, form) } throws: {
                    isAppError($0, code)
                }
            }
        }
    }
}
