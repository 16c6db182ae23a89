import Basics
import Crypto
import Foundation
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// ID tokens that a provider has not issued for this sign-in.
@Suite struct IDTokenTests {
    /// Claims that make a well-signed token unusable.
    struct Fault: Sendable, CustomTestStringConvertible {
        let reason: SingleSignOnRefusal
        let name: String
        let claims: @Sendable (_ now: Int) -> [String: JSONValue]

        init(
            _ reason: SingleSignOnRefusal, _ name: String,
            _ claims: @escaping @Sendable (_ now: Int) -> [String: JSONValue]
        ) {
            self.reason = reason
            self.name = name
            self.claims = claims
        }

        var testDescription: String { name }
    }

    private static let faults = [
        Fault(.issuer, "another issuer") { _ in ["iss": "https://sso.hospital.org/realms/b"] },
        Fault(.issuer, "no issuer") { _ in ["iss": .null] },
        Fault(.audience, "another client") { _ in ["aud": "pacs"] },
        Fault(.audience, "several audiences without a party") { _ in ["aud": ["neuroai", "pacs"]] },
        Fault(.audience, "another party") { _ in ["aud": ["neuroai", "pacs"], "azp": "pacs"] },
        Fault(.audience, "another party of one audience") { _ in ["azp": "pacs"] },
        Fault(.audience, "no audience") { _ in ["aud": .null] },
        Fault(.expiredToken, "expired") { ["exp": .integer($0 - 60)] },
        Fault(.malformedToken, "no expiry") { _ in ["exp": .null] },
        Fault(.malformedToken, "expiry as text") { ["exp": .text("\($0 + 300)")] },
        Fault(.malformedToken, "no time of issue") { _ in ["iat": .null] },
        Fault(.issuedInFuture, "issued in future") { ["iat": .integer($0 + 61)] },
        Fault(.issuedInFuture, "not yet valid") { ["nbf": .integer($0 + 61)] },
        Fault(.nonce, "another nonce") { _ in ["nonce": "replayed"] },
        Fault(.nonce, "no nonce") { _ in ["nonce": .null] },
        Fault(.subject, "no subject") { _ in ["sub": .null] },
        Fault(.subject, "empty subject") { _ in ["sub": ""] },
        Fault(.subject, "long subject") { _ in ["sub": .text(String(repeating: "s", count: 256))] },
    ]

    @Test(arguments: faults) func claimsOfAnotherSignInAreRefused(_ fault: Fault) async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            await expectRefusal(fault.reason) {
                try await hospital.signIn(fault.claims(Int(clinic.clock.now.seconds)))
            }
            #expect(try await clinic.count("sessions") == 0)
            #expect(try await clinic.count("users") == 0)
            #expect(try await clinic.actions(.refused) == ["session.start"])
        }
    }

    @Test func clocksMayDifferByAMinute() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let now = Int(clinic.clock.now.seconds)
            try await hospital.signIn(["exp": .integer(now - 59), "iat": .integer(now - 300)])
            try await hospital.signIn(["iat": .integer(now + 60)])
            try await hospital.signIn(["aud": ["pacs", "neuroai"], "azp": "neuroai"])
        }
    }

    /// Signatures by other keys, by the client's secret, by a public key as a secret, and none at all.
    @Test func forgedSignaturesAreRefused() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let (usual, other) = (try ForgingProvider.Key.usual.get(), try ForgingProvider.Key.other.get())
            await expectRefusal(.signature) {
                try await hospital.signIn { try ForgingProvider.token(hospital.claims($0), other) }
            }
            await expectRefusal(.signature) {
                // The signature of another payload.
                try await hospital.signIn { nonce in
                    let parts = try ForgingProvider.token(hospital.claims(nonce), usual).split(separator: ".")
                    let more = hospital.claims(nonce, ["realm_access": ["roles": ["neuro-admins"]]])
                    return "\(parts[0]).\(Data(more.bytes).base64URL).\(parts[2])"
                }
            }
            await expectRefusal(.signature) {
                try await hospital.signIn {
                    try ForgingProvider.token(hospital.claims($0), usual, algorithm: "RS512")
                }
            }
            for algorithm: JSONValue in ["none", "None", "HS256", "HS512", "RS1", ""] {
                await expectRefusal(.algorithm) {
                    try await hospital.signIn { nonce in
                        ForgingProvider.token(["alg": algorithm, "kid": "k1"], hospital.claims(nonce)) { text in
                            guard algorithm == "HS256" else { return Data() }
                            let key = SymmetricKey(data: Data(ForgingProvider.secret.utf8))
                            return Data(HMAC<SHA256>.authenticationCode(for: text, using: key))
                        }
                    }
                }
            }
            await expectRefusal(.malformedToken) {
                try await hospital.signIn { nonce in
                    ForgingProvider.token(["alg": "RS256", "kid": "k1", "crit": ["b64"]], hospital.claims(nonce)) {
                        _ in Data()
                    }
                }
            }
            for text in ["", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "=.=.="] {
                await expectRefusal(.malformedToken) { try await hospital.signIn { _ in text } }
            }
            #expect(try await clinic.count("sessions") == 0)
            try await hospital.signIn()
        }
    }

    @Test func signaturesOfEachKindAreVerified() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let rsa = try ForgingProvider.Key.usual.get()
            let (p256, ed25519) = (
                ForgingProvider.Key.p256(.init(), id: "k2"), ForgingProvider.Key.ed25519(.init(), id: "k3")
            )
            hospital.provider.state.withLock { $0.keys = [rsa, p256, ed25519] }
            for (key, algorithm) in [(rsa, "RS256"), (rsa, "PS256"), (p256, "ES256"), (ed25519, "EdDSA")] {
                try await hospital.signIn {
                    try ForgingProvider.token(hospital.claims($0), key, algorithm: algorithm)
                }
            }
            // A key of one type under the name of another.
            await expectRefusal(.unknownKey) {
                try await hospital.signIn {
                    try ForgingProvider.token(hospital.claims($0), p256, algorithm: "RS256")
                }
            }
            #expect(try await clinic.count("sessions") == 4)
        }
    }

    /// A key set may have keys that are of no use here; tokens may name none.
    @Test func otherKeysAreIgnored() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let usual = try ForgingProvider.Key.usual.get()
            guard case .object(var encryption) = try ForgingProvider.jwk(usual), case .rsa(let key, _) = usual else {
                return
            }
            encryption["use"] = "enc"
            let others: [JSONValue] = [
                .object(encryption), ["kty": "oct", "k": "c2VjcmV0", "kid": "k1"], ["kty": "AKP", "kid": "k1"], "text",
                ["kty": "RSA", "kid": "k1", "n": "!", "e": "AQAB"],
            ]
            let set: JSONValue = ["keys": .list(others + [try ForgingProvider.jwk(usual)])]
            hospital.provider.state.withLock { $0.documents["/keys"] = ForgingProvider.json(200, set) }
            try await hospital.signIn { nonce in
                try ForgingProvider.token(["alg": "RS256"], hospital.claims(nonce)) {
                    try key.signature(for: SHA256.hash(data: $0), padding: .insecurePKCS1v1_5).rawRepresentation
                }
            }
        }
    }

    @Test func claimsAreFoundByPath() {
        let claims: JSONValue = [
            "groups": ["a", 1, "b"], "role": "single", "realm_access": ["roles": ["r"]],
            "https://example.org/roles": ["url"], "resource_access": ["my.client": ["roles": ["c"]]], "count": 7,
        ]
        for (path, values) in [
            ("groups", ["a", "b"]), ("role", ["single"]), ("realm_access.roles", ["r"]),
            ("https://example.org/roles", ["url"]), ("resource_access.my.client.roles", ["c"]), ("count", []),
            ("realm_access", []), ("realm_access.none", []), ("", []), (".", []),
        ] {
            #expect(ClaimPath(path).values(in: claims) == values, "\(path)")
        }
    }
}
