import Basics
import Foundation
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// What a sign-in through the provider needs from the browser, and how it is limited.
@Suite struct SingleSignOnTests {
    @Test func aResponseWorksOnceWhereItWasStarted() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            hospital.provider.state.withLock { state in
                state.token = { try ForgingProvider.token(hospital.claims($0), ForgingProvider.Key.usual.get()) }
            }
            let (first, second) = (try await hospital.start(), try await hospital.start(next: "/cases/1"))
            await expectRefusal(.attemptExpired) { _ = try await hospital.finish(second.state, nil) }
            await expectRefusal(.attemptExpired) { _ = try await hospital.finish(nil, second.cookie) }
            await expectRefusal(.attemptExpired) { _ = try await hospital.finish(first.state, second.cookie) }
            await expectRefusal(.attemptExpired) {
                _ = try await hospital.finish(second.state, String(second.cookie.reversed()))
            }
            let finish = try await hospital.finish(second.state, second.cookie)
            #expect(finish.next == "/cases/1")
            // The cookie names neither the page nor the values that the provider must not be able to choose.
            let opened = Data(base64Encoded: second.cookie) ?? Data()
            #expect(!String(decoding: opened, as: UTF8.self).contains(second.state))
            // Another server's secret.
            let box = SecretBox(secret: String(repeating: "x", count: 32))
            #expect(PendingSignIn(second.cookie, state: second.state, by: box, at: clinic.clock.now) == nil)
            clinic.clock.advance(by: .seconds(600))
            await expectRefusal(.attemptExpired) { _ = try await hospital.finish(second.state, second.cookie) }
        }
    }

    /// The verifier of one attempt does not open the code of another (RFC 7636).
    @Test func aCodeNeedsItsVerifier() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let first = try await hospital.start()
            _ = try await hospital.start()
            await expectRefusal(.codeRejected) { _ = try await hospital.finish(first.state, first.cookie) }
        }
    }

    @Test func errorsOfTheProviderAreNotRepeated() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            for (error, reason) in [
                ("access_denied", SingleSignOnRefusal.accessDenied), ("server_error", .providerError),
                ("<script>alert(1)</script>", .providerError),
            ] {
                let attempt = try await hospital.start()
                await expectRefusal(reason) {
                    _ = try await hospital.finish(attempt.state, attempt.cookie, code: nil, error: error)
                }
            }
            let attempt = try await hospital.start()
            await expectRefusal(.providerError) {
                _ = try await hospital.finish(attempt.state, attempt.cookie, code: nil)
            }
        }
    }

    /// A response that names another provider was meant for that one (RFC 9207).
    @Test func aResponseOfAnotherProviderIsRefused() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let attempt = try await hospital.start()
            await expectRefusal(.issuer) {
                _ = try await hospital.finish(attempt.state, attempt.cookie, issuer: "https://evil.example")
            }
            let strict = try SingleSignOnFixture(clinic)
            var members = try #require(ForgingProvider.discovery.asObject)
            members["authorization_response_iss_parameter_supported"] = true
            let document = ForgingProvider.json(200, .object(members))
            strict.provider.state.withLock { $0.documents["/.well-known/openid-configuration"] = document }
            await expectRefusal(.issuer) { try await strict.signIn() }
        }
    }

    @Test(arguments: TestDatabase.all) func failuresAreCountedByAddress(_ kind: TestDatabase) async throws {
        var settings = SessionSettings()
        settings.throttling = ThrottleSettings(address: 3)
        try await FeaturesFixture.with(kind, settings: settings) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            for _ in 0..<5 { try await hospital.signIn() }
            for _ in 0..<3 { await expectRefusal(.nonce) { try await hospital.signIn(["nonce": "x"]) } }
            let fetches = hospital.provider.fetches("/token")
            await #expect { try await hospital.signIn() } throws: { isAppError($0, .tooManyRequests) }
            #expect(hospital.provider.fetches("/token") == fetches, "the provider is not asked")
            clinic.clock.advance(by: .seconds(301))
            try await hospital.signIn()
        }
    }

    @Test func aPublicClientProvesItselfByPKCEAlone() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic) { $0.clientSecret = nil }
            // This provider knows a confidential client only.
            await expectRefusal(.clientRejected) { try await hospital.signIn() }
        }
    }

    @Test(arguments: TestDatabase.all) func sessionsEndAtTheProviderToo(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let finish = try await hospital.signIn()
            let refresh = finish.signedIn.tokens.refresh
            let url = try #require(await hospital.service.endSessionURL(refreshToken: refresh))
            let parts = try #require(URLComponents(string: url))
            let query = Dictionary(
                (parts.queryItems ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            #expect(url.hasPrefix(ForgingProvider.issuer + "/logout?"))
            #expect(query["post_logout_redirect_uri"] == "https://neuroai.hospital.org/login")
            #expect(query["client_id"] == "neuroai")
            #expect(query["id_token_hint"]??.split(separator: ".").count == 3)
            // The database has the token sealed, and only as long as the session.
            #expect(try await clinic.count("provider_sessions WHERE id_token LIKE '%.%'") == 0)
            try await clinic.sessions.logout(refreshToken: refresh, origin: SingleSignOnFixture.origin)
            #expect(await hospital.service.endSessionURL(refreshToken: refresh) == nil)
            clinic.clock.advance(by: .seconds(1440 * 60 + 1))
            try await clinic.sessions.deleteExpired()
            #expect(try await clinic.count("provider_sessions") == 0)
            // A session with a password has nothing to do with the provider.
            let person = try await clinic.signIn(.doctor)
            #expect(await hospital.service.endSessionURL(refreshToken: person.tokens.refresh) == nil)
        }
    }
}
