import Basics
import Crypto
import Foundation
import Kernel
import Storage

/// A sign-in that the browser has been sent to the provider for: the values that bind the response to it. The browser
/// keeps them sealed in a cookie, so that a response works only where the sign-in was started, and no server needs to
/// remember it.
struct PendingSignIn: Codable, Sendable, Equatable {
    /// How long a user may take at the provider.
    static let lifetime: Duration = .seconds(600)
    private static let purpose = "single sign-on"

    /// Against responses to other sign-ins (RFC 6749 §10.12).
    let state: String
    /// Against replayed ID tokens (OpenID Connect Core 1.0 §15.5.2).
    let nonce: String
    /// Against intercepted codes (RFC 7636).
    let verifier: String
    /// The page to continue to.
    let next: String?
    /// Seconds since 1970.
    let expiresAt: Double

    init(next: String?, at now: Timestamp) {
        state = Self.random()
        nonce = Self.random()
        verifier = Self.random()
        self.next = next
        expiresAt = now.advanced(by: Self.lifetime).seconds
    }

    /// 256 random bits.
    private static func random() -> String {
        Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64URL
    }

    /// The code challenge by the method S256 (RFC 7636 §4.2).
    var challenge: String { Data(SHA256.hash(data: Data(verifier.utf8))).base64URL }

    func sealed(by box: SecretBox) throws -> String {
        try box.seal(try JSONEncoder().encode(self), for: Self.purpose)
    }

    /// `nil` if the cookie is not of this service or has expired, or if the response has another state.
    init?(_ cookie: String?, state: String?, by box: SecretBox, at now: Timestamp) {
        guard let cookie, cookie.utf8.count <= 4096, let state, let data = box.open(cookie, for: Self.purpose),
            let pending = try? JSONDecoder().decode(Self.self, from: data), now.seconds < pending.expiresAt,
            // In constant time, by comparing digests.
            SHA256.hash(data: Data(state.utf8)) == SHA256.hash(data: Data(pending.state.utf8))
        else { return nil }
        self = pending
    }
}
