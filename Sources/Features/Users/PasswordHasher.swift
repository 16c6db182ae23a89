import CArgon2
import Storage

/// Argon2id on a few threads of its own: a hash costs tens of milliseconds and megabytes, and more at once than there
/// are threads would let sign-ins exhaust the machine.
package final class PasswordHasher: Sendable {
    /// What one hash costs.
    package struct Cost: Sendable {
        package let passes: UInt32
        package let kibibytes: UInt32
        package let lanes: UInt32

        package init(passes: UInt32, kibibytes: UInt32, lanes: UInt32) {
            self.passes = passes
            self.kibibytes = kibibytes
            self.lanes = lanes
        }

        /// OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
        package static let standard = Cost(passes: 2, kibibytes: 19_456, lanes: 1)
        /// As little as the algorithm allows; for tests.
        package static let least = Cost(passes: 1, kibibytes: 8, lanes: 1)
    }

    /// Characters of a password.
    package static let lengths = 8...128
    private static let saltBytes = 16
    private static let hashBytes = 32

    private let cost: Cost
    private let pool: ThreadPool<Void>
    /// Compared with where there is no account, so that the answer takes as long.
    private let decoy: String

    package init(cost: Cost = .standard, threads: Int = 2) throws {
        self.cost = cost
        pool = ThreadPool(name: "passwords", threads: threads) {}
        decoy = try Self.hash("a password that nobody has", cost)
    }

    /// The hash with its salt and cost, in the algorithm's own text form.
    package func hash(_ password: String) async throws -> String {
        try await pool.run { [cost] in try Self.hash(password, cost) }
    }

    /// Whether `password` is the one that `encoded` was made from; nil stands for an account that does not exist.
    package func verify(_ password: String, against encoded: String?) async throws -> Bool {
        // Longer ones can't have been registered and would only cost time.
        let isPlausible = password.utf8.count <= Self.lengths.upperBound * 4
        let candidate = isPlausible ? password : ""
        return try await pool.run { [decoy] in
            var bytes = Array(candidate.utf8)
            let matches = argon2id_verify(encoded ?? decoy, &bytes, bytes.count) == ARGON2_OK.rawValue
            return matches && isPlausible && encoded != nil
        }
    }

    private static func hash(_ password: String, _ cost: Cost) throws -> String {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let bytes = Array(password.utf8)
        let length = argon2_encodedlen(
            cost.passes, cost.kibibytes, cost.lanes, UInt32(saltBytes), UInt32(hashBytes), Argon2_id)
        var encoded = [CChar](repeating: 0, count: length)
        let status = argon2id_hash_encoded(
            cost.passes, cost.kibibytes, cost.lanes, bytes, bytes.count, salt, salt.count, hashBytes, &encoded,
            encoded.count)
        guard status == ARGON2_OK.rawValue else {
            throw AppError(.internalFault, "The password could not be stored; argon2 says \(status).")
        }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
