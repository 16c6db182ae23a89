import JWTKit
import Kernel

/// A key of a key pair, for tokens that others can verify but not create.
package struct TokenKey: Sendable {
    private enum Material: Sendable {
        case rsaPrivate(Insecure.RSA.PrivateKey)
        case rsaPublic(Insecure.RSA.PublicKey)
        case edwardsPrivate(EdDSA.PrivateKey)
        case edwardsPublic(EdDSA.PublicKey)
    }

    /// The `kid` of token headers.
    package let id: String
    private let material: Material

    /// - Parameter pem: an RSA key of 2048 bits or more, or an Ed25519 key; private or public.
    package init(id: String, pem: String) throws {
        guard (1...100).contains(id.utf8.count) else {
            throw AppError(.internalFault, "The key ID must have 1 to 100 characters.")
        }
        self.id = id
        let isPrivate = pem.contains("PRIVATE KEY")
        if isPrivate, let key = try? EdDSA.PrivateKey(pem: pem) {
            material = .edwardsPrivate(key)
        } else if isPrivate, let key = try? Insecure.RSA.PrivateKey(pem: pem) {
            material = .rsaPrivate(key)
        } else if let key = try? EdDSA.PublicKey(pem: pem) {
            material = .edwardsPublic(key)
        } else if let key = try? Insecure.RSA.PublicKey(pem: pem) {
            material = .rsaPublic(key)
        } else {
            throw AppError(
                .internalFault, "The key \(id) is neither an RSA key of 2048 bits nor an Ed25519 key in PEM.")
        }
    }

    /// As in the header's `alg`.
    package var algorithm: String {
        switch material {
        case .rsaPrivate, .rsaPublic: "RS256"
        case .edwardsPrivate, .edwardsPublic: "EdDSA"
        }
    }

    package var canSign: Bool {
        switch material {
        case .rsaPrivate, .edwardsPrivate: true
        case .rsaPublic, .edwardsPublic: false
        }
    }

    func collection() async -> JWTKeyCollection {
        let keys = JWTKeyCollection()
        switch material {
        case .rsaPrivate(let key): await keys.add(rsa: key, digestAlgorithm: .sha256)
        case .rsaPublic(let key): await keys.add(rsa: key, digestAlgorithm: .sha256)
        case .edwardsPrivate(let key): await keys.add(eddsa: key)
        case .edwardsPublic(let key): await keys.add(eddsa: key)
        }
        return keys
    }
}
