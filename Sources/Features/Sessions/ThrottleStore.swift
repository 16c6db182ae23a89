import Storage

/// The rows of attempts, by the generic cell rate algorithm: one time a key says all. They belong to no institution:
/// who tries has not yet shown who he is.
struct ThrottleStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Counts one attempt.
    ///
    /// - Returns: the microseconds to wait where it is one too many, which is then not counted.
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
