import Basics
import Crypto
import Foundation
import Kernel
import Storage

/// Performs a request that is repeated with the same key once, and replays its first response.
///
/// Keys are per user and valid for a day (draft-ietf-httpapi-idempotency-key-header).
package struct IdempotencyService: Sendable {
    private let database: any Database
    private let digestKey: SymmetricKey
    private let sealKey: SymmetricKey
    private let clock: @Sendable () -> Timestamp

    static let lifetime: Duration = .seconds(86_400)
    /// A request without a response after this time was interrupted.
    private static let timeout: Duration = .seconds(120)

    /// - Parameter secret: the service's `SECRET_KEY`; separate keys for digests and responses are derived from it.
    package init(database: any Database, secret: String, clock: @escaping @Sendable () -> Timestamp = { .now }) {
        self.database = database
        digestKey = Self.key("idempotency digests", secret)
        sealKey = Self.key("idempotency answers", secret)
        self.clock = clock
    }

    private static func key(_ purpose: String, _ secret: String) -> SymmetricKey {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(purpose.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return SymmetricKey(data: Data(code))
    }

    /// How to handle a request.
    package enum Opening: Sendable {
        /// It is new: perform it, then call `finish` or `abandon`.
        case work
        case answered(StoredResponse)
    }

    /// - Parameter mayRepeat: throws if the user may no longer see the stored response.
    /// - Throws: `.keyReused` if the key was used for another request, `.conflict` if the same one is still in
    ///   progress.
    package func open(
        _ scope: Scope, _ request: RepeatableRequest, mayRepeat: (StoredResponse) async throws -> Void = { _ in }
    ) async throws -> Opening {
        let content = digest(request.content)
        let now = clock()
        guard let entry = try await take(scope, request, content, at: now) else { return .work }
        let answer = try answer(entry, to: content, at: now)
        try await mayRepeat(answer)
        try await database.write {
            try AuditStore($0).append(AuditEntry(scope, "request.repeat", "request", nil, at: now))
        }
        return .answered(answer)
    }

    /// `nil` if the request is the first with its key.
    private func take(
        _ scope: Scope, _ request: RepeatableRequest, _ content: String, at now: Timestamp
    ) async throws -> IdempotencyStore.Entry? {
        let key = digest(Data(request.key.utf8))
        return try await database.write { connection in
            let store = IdempotencyStore(connection)
            if let old = try store.find(scope, key: key), old.createdAt < now.advanced(by: .zero - Self.lifetime) {
                try store.delete(scope, key: key)
            }
            guard try !store.take(scope, key: key, request: content, at: now) else { return nil }
            guard let entry = try store.find(scope, key: key) else {
                throw AppError(.conflict, "The first request with this key failed. Send the request again.")
            }
            return entry
        }
    }

    /// Checks access to the objects of a stored response as the request itself would: shares and roles may have changed
    /// since.
    package func requireAccess(_ scope: Scope, _ action: Action, to objects: AnsweredObjects) async throws {
        // A created object is then read like any other.
        let action = action == .createCase ? .readCase : action
        try await database.read { connection in
            for id in objects.cases { _ = try CaseStore(connection).require(scope, id, for: action) }
            for id in objects.reports { _ = try ReportStore(connection).require(scope, id, for: action) }
        }
    }

    private func answer(_ entry: IdempotencyStore.Entry, to content: String, at now: Timestamp) throws -> StoredResponse
    {
        guard entry.requestDigest == content else {
            throw AppError(.keyReused, "This Idempotency-Key was used for a different request. Use a new key.")
        }
        if let sealed = entry.answer { return try unseal(sealed) }
        guard now.since(entry.createdAt) > Self.timeout else {
            throw AppError(.conflict, "The first request with this Idempotency-Key is still in progress.")
        }
        // It is unknown whether its work was done, so it is never repeated.
        throw AppError(
            .conflict,
            "The first request with this Idempotency-Key was interrupted. Check whether it took effect, then use a new key."
        )
    }

    /// Stores the response of a successful request.
    package func finish(_ scope: Scope, _ request: RepeatableRequest, _ answer: StoredResponse) async throws {
        let key = digest(Data(request.key.utf8))
        let sealed = try seal(answer)
        try await database.write { try IdempotencyStore($0).answer(scope, key: key, sealed) }
    }

    /// A rejected request has changed nothing: it may be sent again with its key.
    package func abandon(_ scope: Scope, _ request: RepeatableRequest) async throws {
        let key = digest(Data(request.key.utf8))
        try await database.write { try IdempotencyStore($0).delete(scope, key: key) }
    }

    /// The operator's maintenance.
    ///
    /// - Returns: the number of deleted keys.
    @discardableResult
    package func deleteExpired() async throws -> Int {
        let time = clock().advanced(by: .zero - Self.lifetime)
        return try await database.write { try IdempotencyStore($0).deleteAll(before: time) }
    }

    // MARK: Digests and seals

    /// Keyed, since a body may contain a password or a patient's name that could be guessed.
    private func digest(_ data: Data) -> String {
        HMAC<SHA256>.authenticationCode(for: data, using: digestKey).hexadecimal
    }

    private func seal(_ answer: StoredResponse) throws -> String {
        let box = try AES.GCM.seal(JSONEncoder().encode(answer), using: sealKey)
        return (box.combined ?? Data()).base64EncodedString()
    }

    private func unseal(_ text: String) throws -> StoredResponse {
        guard let data = Data(base64Encoded: text), let box = try? AES.GCM.SealedBox(combined: data),
            let plain = try? AES.GCM.open(box, using: sealKey)
        else {
            throw AppError(
                .conflict, "The first response is no longer readable because SECRET_KEY was changed. Use a new key.")
        }
        return try JSONDecoder().decode(StoredResponse.self, from: plain)
    }
}
