import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// A user cannot be locked out of the devices and addresses from which the user signs in.
@Suite struct KnownDeviceTests {
    private static var settings: SessionSettings {
        var settings = SessionSettings()
        settings.throttling = ThrottleSettings(account: 3, address: 5)
        return settings
    }

    private static func login(
        _ clinic: FeaturesFixture, _ email: String, _ password: String = "wrong password", from address: String? = nil,
        devices: String? = nil
    ) async throws -> SignedIn {
        try await clinic.sessions.login(
            email: email, password: password, devices: devices, origin: RequestOrigin(address: address))
    }

    /// Wrong passwords from changing addresses until unknown clients are throttled.
    private static func attack(_ clinic: FeaturesFixture, _ email: String) async {
        for number in 0..<4 { _ = try? await login(clinic, email, from: "203.0.113.\(number)") }
        await #expect { try await login(clinic, email, FeaturesFixture.password, from: "203.0.113.9") } throws: {
            isAppError($0, .tooManyRequests)
        }
    }

    @Test(arguments: TestDatabase.all) func aKnownAddressIsNotLockedOut(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            let email = person.user.email
            _ = try await Self.login(clinic, email, FeaturesFixture.password, from: "192.0.2.1")
            await Self.attack(clinic, email)
            _ = try await Self.login(clinic, email, FeaturesFixture.password, from: "192.0.2.1")
            // That sign-in gives unknown clients no attempts back.
            await #expect { try await Self.login(clinic, email, from: "203.0.113.9") } throws: {
                isAppError($0, .tooManyRequests)
            }
            // Its own failures count, and do not affect other addresses.
            for code in [AppError.Code.unauthenticated, .unauthenticated, .unauthenticated, .tooManyRequests] {
                await #expect { try await Self.login(clinic, email, from: "192.0.2.1") } throws: {
                    isAppError($0, code)
                }
            }
            let other = try await clinic.signIn(.doctor)
            await Self.attack(clinic, other.user.email)
            await #expect {
                try await Self.login(clinic, other.user.email, FeaturesFixture.password, from: "192.0.2.1")
            } throws: {
                isAppError($0, .tooManyRequests)
            }
            #expect(try await clinic.count("known_addresses") == 1)
            clinic.clock.advance(by: .seconds(91 * 86_400))
            try await clinic.sessions.deleteExpired()
            #expect(try await clinic.count("known_addresses") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func aKnownBrowserIsNotLockedOut(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            let ada = try await clinic.signIn(.doctor)
            let eve = try await clinic.signIn(.doctor)
            let first = clinic.sessions.deviceCookie(for: ada.user.id, keeping: nil)
            let both = clinic.sessions.deviceCookie(for: eve.user.id, keeping: first)
            for person in [ada, eve] {
                await Self.attack(clinic, person.user.email)
                // From any address.
                _ = try await Self.login(
                    clinic, person.user.email, FeaturesFixture.password, from: "203.0.113.9", devices: both)
            }
            await #expect {
                // Another user's browser, from an address without sign-ins.
                try await Self.login(
                    clinic, eve.user.email, FeaturesFixture.password, from: "203.0.113.77", devices: first)
            } throws: {
                isAppError($0, .tooManyRequests)
            }
            // If stolen, it allows no more attempts than anyone has.
            for code in [AppError.Code.unauthenticated, .unauthenticated, .unauthenticated, .tooManyRequests] {
                await #expect { try await Self.login(clinic, ada.user.email, devices: first) } throws: {
                    isAppError($0, code)
                }
            }
            #expect(first.allSatisfy { $0.isLetter || $0.isNumber || $0 == "." })
            #expect(!both.contains(ada.user.id.string) && both.utf8.count < 300)
        }
    }

    @Test(arguments: TestDatabase.all) func aMadeUpCookieIsNone(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind, settings: Self.settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            let good = clinic.sessions.deviceCookie(for: person.user.id, keeping: nil)
            await Self.attack(clinic, person.user.email)
            let changed = good.split(separator: ".").map(String.init)
            for text in [
                "", "~", "a.b.c", "..", good + "0", "\(changed[0]).9999999999.\(changed[2])",
                "0\(changed[0].dropFirst()).\(changed[1]).\(changed[2])".replacing(good, with: "x"),
                String(repeating: "\(good)x~", count: 30),
            ] {
                await #expect(
                    performing: {
                        try await Self.login(clinic, person.user.email, FeaturesFixture.password, devices: text)
                    }, throws: { isAppError($0, .tooManyRequests) })
            }
            // It expires, and a browser keeps those of eight users.
            clinic.clock.advance(by: .seconds(91 * 86_400))
            await Self.attack(clinic, person.user.email)
            await #expect(
                performing: {
                    try await Self.login(clinic, person.user.email, FeaturesFixture.password, devices: good)
                },
                throws: { isAppError($0, .tooManyRequests) })
            var many: String?
            for _ in 0..<12 { many = clinic.sessions.deviceCookie(for: ID(), keeping: many) }
            #expect(many?.split(separator: "~").count == 8)
        }
    }
}
