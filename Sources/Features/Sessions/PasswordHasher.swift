import Basics
import CArgon2
import Foundation
import Kernel
import Storage
import Synchronization

/// Argon2id on a few dedicated threads: a hash costs tens of milliseconds and megabytes, so unlimited concurrent
/// sign-ins would exhaust the machine.
package final class PasswordHasher: Sendable {
    /// The cost of one hash.
    package struct Cost: Sendable, Equatable {
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
        /// The minimum of the algorithm; for tests.
        package static let least = Cost(passes: 1, kibibytes: 8, lanes: 1)

        /// The prefix of hashes with this cost.
        fileprivate var prefix: String { "$argon2id$v=19$m=\(kibibytes),t=\(passes),p=\(lanes)$" }
    }

    private static let saltBytes = 16
    private static let hashBytes = 32

    private let cost: Cost
    private let pool: ThreadPool<Void>
    /// The number of queued and running hashes, which is limited: a flood must not delay everyone for minutes.
    private let pending = Mutex(0)
    private let queueLimit: Int
    /// Verified if there is no account, so that the response takes as long. It is random rather than a password's hash,
    /// since computing one would delay each start by as long as a sign-in.
    private let decoy: String

    package init(cost: Cost = .standard, threads: Int = 2, queueLimit: Int = 64) throws {
        self.cost = cost
        self.queueLimit = queueLimit
        pool = ThreadPool(name: "passwords", threads: threads) {}
        decoy = cost.prefix + Self.random(Self.saltBytes).base64 + "$" + Self.random(Self.hashBytes).base64
    }

    /// The hash of the normalised password with its salt and cost, in the algorithm's text format.
    package func hash(_ password: String) async throws -> String {
        try await queued { [cost] in try Self.hash(password.normalisedPassword, cost) }
    }

    /// Returns whether `encoded` is a hash of `password`. If the account does not exist, pass `nil`: it takes as long.
    package func verify(_ password: String, against encoded: String?) async throws -> Bool {
        // Longer ones cannot have been registered and would only cost time. Normalisation may combine four characters
        // into one.
        let isPlausible = password.utf8.count <= PasswordRules.longest * 16
        let candidate = isPlausible ? password : ""
        return try await queued { [decoy] in
            // Imported hashes, and those from before passwords were normalised, were computed from the typed text.
            let normalised = candidate.normalisedPassword
            let isAlike = normalised.utf8.elementsEqual(candidate.utf8)
            let matches = try ([normalised] + (isAlike ? [] : [candidate])).map {
                try Self.matches($0, encoded, decoy: decoy)
            }
            return matches.contains(true) && isPlausible
        }
    }

    private static func matches(_ password: String, _ encoded: String?, decoy: String) throws -> Bool {
        if let imported = encoded.flatMap(DjangoHash.init) { return try imported.matches(password) }
        var bytes = Array(password.utf8)
        let status = argon2id_verify(encoded ?? decoy, &bytes, bytes.count)
        guard encoded == nil else { return status == ARGON2_OK.rawValue }
        // A malformed hash would be answered faster than an existing account.
        guard status == ARGON2_VERIFY_MISMATCH.rawValue else {
            throw AppError(.internalFault, "The password could not be verified: argon2: \(status).")
        }
        return false
    }

    /// Whether `encoded` was made by another algorithm or at a different cost than the current one.
    package func isOutdated(_ encoded: String) -> Bool {
        !encoded.hasPrefix(cost.prefix)
    }

    private func queued<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        let isAdmitted = pending.withLock { count in
            guard count < queueLimit else { return false }
            count += 1
            return true
        }
        guard isAdmitted else {
            throw AppError(
                .tooManyRequests, "Too many sign-ins at the moment. Try again.", retryAfter: 2)
        }
        defer { pending.withLock { $0 -= 1 } }
        return try await pool.run { _ in try work() }
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private static func hash(_ password: String, _ cost: Cost) throws -> String {
        let salt = random(saltBytes)
        let bytes = Array(password.utf8)
        let length = argon2_encodedlen(
            cost.passes, cost.kibibytes, cost.lanes, UInt32(saltBytes), UInt32(hashBytes), Argon2_id)
        var encoded = [CChar](repeating: 0, count: length)
        let status = argon2id_hash_encoded(
            cost.passes, cost.kibibytes, cost.lanes, bytes, bytes.count, salt, salt.count, hashBytes, &encoded,
            encoded.count)
        guard status == ARGON2_OK.rawValue else {
            throw AppError(.internalFault, "The password could not be hashed: argon2: \(status).")
        }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    /// The same characters in the same form, regardless of the keyboard (NFKC, as in NIST SP 800-63B §3.1.1.2).
    var normalisedPassword: String { precomposedStringWithCompatibilityMapping }
}

extension [UInt8] {
    /// As in Argon2's text format: without padding.
    fileprivate var base64: String { Data(self).base64EncodedString().filter { $0 != "=" } }
}
