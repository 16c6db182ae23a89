import Basics
import Foundation
import JWTKit
import Kernel

/// The public keys with which a provider signs (RFC 7517).
struct ProviderKeys: Sendable {
    private struct Key: Sendable {
        let id: String?
        /// `nil` if the key may be used with every algorithm of its type.
        let algorithm: String?
        let members: [String: JSONValue]
    }

    /// Only signatures by key pairs: with `none` anyone could sign, and with HS256 anyone who knows the client's secret or
    /// uses a public key as the secret (RFC 8725 §2.1).
    private static let keyTypes = [
        "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
        "ES256": "EC", "ES384": "EC", "ES512": "EC", "EdDSA": "OKP",
    ]
    /// A key set is small; more keys would only cost time.
    private static let mostKeys = 100

    private let keys: [Key]

    /// Keys of other types and for encryption are ignored.
    ///
    /// - Throws: `SingleSignOnRefusal.invalidKeys` if the document is not a key set.
    init(_ body: Data) throws {
        guard let list = (try? JSONValue(reading: body))?["keys"]?.asList else {
            throw SingleSignOnRefusal.invalidKeys
        }
        keys = list.prefix(Self.mostKeys).compactMap { item in
            guard let type = item["kty"]?.asText, Self.keyTypes.values.contains(type),
                item["use"]?.asText.map({ $0 == "sig" }) ?? true
            else { return nil }
            var members: [String: JSONValue] = [:]
            for name in ["kty", "n", "e", "crv", "x", "y"] { members[name] = item[name] }
            return Key(id: item["kid"]?.asText, algorithm: item["alg"]?.asText, members: members)
        }
    }

    static func accepts(_ algorithm: String) -> Bool { keyTypes[algorithm] != nil }

    /// The keys that may have signed a token with this header; of all that fit if it names none.
    private func candidates(_ header: TokenHeader) -> [Key] {
        keys.filter { key in
            key.members["kty"]?.asText == Self.keyTypes[header.alg] && (key.algorithm ?? header.alg) == header.alg
                && (header.kid == nil || key.id == header.kid)
        }
    }

    func contain(keyOf header: TokenHeader) -> Bool { !candidates(header).isEmpty }

    /// Whether one of the keys that `header` names signed `token`.
    func verify(_ token: String, _ header: TokenHeader) async -> Bool {
        for key in candidates(header) {
            var members = key.members
            members["alg"] = .text(header.alg)
            // Each key has a collection of its own, so that the library has no choice.
            members["kid"] = "only"
            let collection = JWTKeyCollection()
            guard
                let jwk = try? JSONDecoder().decode(JWK.self, from: Data(JSONValue.object(members).bytes)),
                (try? await collection.add(jwk: jwk)) != nil
            else { continue }
            if (try? await collection.verify(token, as: SignatureOnly.self)) != nil { return true }
        }
        return false
    }
}

/// A payload that `IDTokenVerifier` reads itself, after its signature has been verified.
private struct SignatureOnly: JWTPayload {
    func verify(using algorithm: some JWTAlgorithm) throws {}
}
