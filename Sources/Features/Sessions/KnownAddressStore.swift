import Kernel
import Storage

/// The rows of network addresses from which users have signed in, as keyed digests.
struct KnownAddressStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// - Parameter digests: the address's digest under each accepted secret.
    func contains(_ digests: [String], of user: UserID) throws -> Bool {
        try digests.contains { digest in
            try connection.queryOne(
                "SELECT 1 AS one FROM known_addresses WHERE user_id = \(user) AND digest = \(digest)") != nil
        }
    }

    func insert(_ digest: String, of user: UserID, at time: Timestamp) throws {
        try connection.execute(
            """
            INSERT INTO known_addresses (user_id, digest, last_used_at) VALUES (\(user), \(digest), \(time))
            ON CONFLICT (user_id, digest) DO UPDATE SET last_used_at = \(time)
            """)
    }

    func deleteUnused(since time: Timestamp) throws {
        try connection.execute("DELETE FROM known_addresses WHERE last_used_at < \(time)")
    }
}
