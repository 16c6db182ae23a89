import Basics
import Foundation
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// How often the provider's documents are fetched, and what makes them unusable.
@Suite struct OpenIDProviderTests {
    private static let discovery = "/.well-known/openid-configuration"

    @Test func documentsAreKeptForAnHour() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            for _ in 0..<3 { try await hospital.signIn() }
            clinic.clock.advance(by: .seconds(3599))
            try await hospital.signIn()
            #expect(hospital.provider.fetches(Self.discovery) == 1 && hospital.provider.fetches("/keys") == 1)
            clinic.clock.advance(by: .seconds(2))
            try await hospital.signIn()
            #expect(hospital.provider.fetches(Self.discovery) == 2 && hospital.provider.fetches("/keys") == 2)
        }
    }

    /// A provider changes its keys; anyone can send tokens that name unknown ones.
    @Test func anUnknownKeyIsLookedForOnceAMinute() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            try await hospital.signIn()
            let fresh = ForgingProvider.Key.p256(.init(), id: "k9")
            let signIn = { try await hospital.signIn { try ForgingProvider.token(hospital.claims($0), fresh) } }
            for _ in 0..<5 { await expectRefusal(.unknownKey) { try await signIn() } }
            #expect(hospital.provider.fetches("/keys") == 1)
            clinic.clock.advance(by: .seconds(61))
            for _ in 0..<5 { await expectRefusal(.unknownKey) { try await signIn() } }
            #expect(hospital.provider.fetches("/keys") == 2)
            hospital.provider.state.withLock { $0.keys = [fresh] }
            clinic.clock.advance(by: .seconds(61))
            try await signIn()
            // The former key is then no longer accepted.
            await expectRefusal(.unknownKey) { try await hospital.signIn() }
            #expect(hospital.provider.fetches("/keys") == 3)
        }
    }

    @Test func aProviderThatIsDownIsAskedAgainAfterSeconds() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            hospital.provider.state.withLock { $0.documents[Self.discovery] = .init(status: 0, body: Data()) }
            for _ in 0..<5 { await expectRefusal(.unreachable) { _ = try await hospital.start() } }
            #expect(hospital.provider.fetches(Self.discovery) == 1)
            hospital.provider.state.withLock { $0.documents = [:] }
            clinic.clock.advance(by: .seconds(6))
            try await hospital.signIn()
        }
    }

    @Test func concurrentSignInsShareOneFetch() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try await hospital.service.start(next: nil, origin: RequestOrigin()) }
                }
                try await group.waitForAll()
            }
            #expect(hospital.provider.fetches(Self.discovery) == 1)
        }
    }

    @Test(arguments: [
        ("issuer", JSONValue.text("https://sso.hospital.org/realms/a/")), ("issuer", .null),
        ("authorization_endpoint", .null), ("token_endpoint", "http://sso.hospital.org/token"),
        ("jwks_uri", "file:///etc/passwd"), ("jwks_uri", "https://user@sso.hospital.org/keys"), ("token_endpoint", ""),
    ])
    func aDiscoveryDocumentMustBeOfTheIssuerAndSecure(_ name: String, _ value: JSONValue) async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            var members = try #require(ForgingProvider.discovery.asObject)
            members[name] = value
            let document = ForgingProvider.json(200, .object(members))
            hospital.provider.state.withLock { $0.documents[Self.discovery] = document }
            await expectRefusal(.invalidDiscovery) { _ = try await hospital.start() }
        }
    }

    /// Errors of the provider's endpoints, each with its own reason.
    @Test(arguments: [
        ("/token", 400, #"{"error": "invalid_grant"}"#, SingleSignOnRefusal.codeRejected),
        ("/token", 401, #"{"error": "invalid_client"}"#, .clientRejected), ("/token", 401, "", .clientRejected),
        ("/token", 400, #"{"error": "invalid_request"}"#, .providerError), ("/token", 503, "busy", .unreachable),
        ("/token", 200, "{}", .malformedToken), ("/token", 200, "<html>", .malformedToken),
        ("/token", 302, "", .providerError), ("/keys", 200, "[]", .invalidKeys), ("/keys", 500, "", .unreachable),
    ])
    func failuresOfTheProviderAreTold(
        _ path: String, _ status: Int, _ body: String, _ reason: SingleSignOnRefusal
    ) async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            hospital.provider.state.withLock { $0.documents[path] = .init(status: status, body: Data(body.utf8)) }
            await expectRefusal(reason) { try await hospital.signIn() }
            #expect(try await clinic.count("sessions") == 0)
        }
    }

    /// Providers may send claims in the user info alone, which must be of the same person.
    @Test func claimsAreCompletedByTheUserInfo() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let missing: [String: JSONValue] = ["email": .null, "realm_access": .null]
            func answer(_ status: Int, _ value: JSONValue) {
                hospital.provider.state.withLock { $0.documents["/userinfo"] = ForgingProvider.json(status, value) }
            }
            let info: [String: JSONValue] = [
                "sub": "s-1", "email": "ada@hospital.org", "given_name": "Eve",
                "realm_access": ["roles": ["neuro-admins"]],
            ]
            answer(200, .object(info.merging(["sub": "s-2"]) { $1 }))
            await expectRefusal(.invalidUserInfo) { try await hospital.signIn(missing) }
            answer(401, [:])
            await expectRefusal(.invalidUserInfo) { try await hospital.signIn(missing) }
            answer(200, .object(info))
            let user = try await hospital.signIn(missing).signedIn.user
            #expect(user.role == .admin && user.email == "ada@hospital.org")
            #expect(user.firstName == "Ada", "the signed token takes precedence")
            // A complete token needs no further request.
            let fetches = hospital.provider.fetches("/userinfo")
            try await hospital.signIn()
            #expect(hospital.provider.fetches("/userinfo") == fetches)
        }
    }
}
