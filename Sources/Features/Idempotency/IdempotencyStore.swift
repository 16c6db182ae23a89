import Kernel
import Storage

/// The rows of repeatable requests.
struct IdempotencyStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// A request made with a key.
    struct Entry {
        let requestDigest: String
        let createdAt: Timestamp
        /// Sealed; `nil` while the request is in progress.
        let answer: String?
    }

    /// Claims the key for a request; false if it is already taken.
    func take(_ scope: Scope, key: String, request: String, at time: Timestamp) throws -> Bool {
        try connection.execute(
            """
            INSERT INTO idempotency_keys (institution_id, user_id, key_digest, request_digest, created_at)
            VALUES (\(scope.institution), \(scope.user), \(key), \(request), \(time))
            ON CONFLICT (user_id, key_digest) DO NOTHING
            """) == 1
    }

    func find(_ scope: Scope, key: String) throws -> Entry? {
        try connection.queryOne(
            """
            SELECT request_digest, created_at, answer FROM idempotency_keys
            WHERE user_id = \(scope.user) AND key_digest = \(key)
            """
        ).map {
            Entry(
                requestDigest: try $0.get("request_digest"), createdAt: try $0.get("created_at"),
                answer: try $0.optional("answer"))
        }
    }

    func answer(_ scope: Scope, key: String, _ answer: String) throws {
        try connection.execute(
            """
            UPDATE idempotency_keys SET answer = \(answer) WHERE user_id = \(scope.user) AND key_digest = \(key)
            """)
    }

    /// Releases the key.
    func delete(_ scope: Scope, key: String) throws {
        try connection.execute(
            "DELETE FROM idempotency_keys WHERE user_id = \(scope.user) AND key_digest = \(key)")
    }

    /// For all users: the operator's maintenance.
    func deleteAll(before time: Timestamp) throws -> Int {
        try connection.execute("DELETE FROM idempotency_keys WHERE created_at < \(time)")
    }
}
