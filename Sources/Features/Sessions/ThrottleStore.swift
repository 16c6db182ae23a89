import Storage

/// The rows of attempts, by the generic cell rate algorithm: one time per key. They belong to no institution, since the
/// client is not authenticated yet.
struct ThrottleStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Counts one attempt.
    ///
    /// - Returns: the microseconds to wait if it exceeds the limit; it is not counted then.
    func take(_ key: String, _ rule: ThrottleRule, at now: Timestamp) throws -> Int64 {
        let step = rule.interval
        let latest = now.microseconds + rule.window.microseconds - step
        let taken = try connection.execute(
            """
            INSERT INTO throttles (key, free_at) VALUES (\(key), \(now.microseconds + step))
            ON CONFLICT (key) DO UPDATE SET free_at =
                CASE WHEN throttles.free_at > \(now) THEN throttles.free_at ELSE \(now) END + \(step)
            WHERE throttles.free_at <= \(latest)
            """)
        if taken == 1 { return 0 }
        let row = try connection.queryOne("SELECT free_at FROM throttles WHERE key = \(key)")
        return max(1, (try row?.get("free_at", as: Int64.self) ?? 0) - latest)
    }

    func giveBack(_ key: String, _ rule: ThrottleRule, at now: Timestamp) throws {
        try connection.execute("UPDATE throttles SET free_at = free_at - \(rule.interval) WHERE key = \(key)")
    }

    func clear(_ key: String) throws {
        try connection.execute("DELETE FROM throttles WHERE key = \(key)")
    }

    func deleteFree(before time: Timestamp) throws {
        try connection.execute("DELETE FROM throttles WHERE free_at < \(time)")
    }
}
