import Kernel
import Storage

/// The rows of second factors and recovery codes.
struct SecondFactorStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Also for sign-in, before there is a scope: the password has identified the user.
    func find(_ user: UserID) throws -> SecondFactor? {
        try connection.queryOne(
            "SELECT user_id, secret, confirmed_at, last_step FROM second_factors WHERE user_id = \(user)"
        ).map { row in
            SecondFactor(
                user: try row.get("user_id"), secret: try row.get("secret"),
                confirmedAt: try row.optional("confirmed_at"), lastStep: try row.get("last_step"))
        }
    }

    /// Starts an enrolment; replaces one that was never confirmed.
    func begin(_ scope: Scope, secret: String, at time: Timestamp) throws {
        try connection.execute(
            """
            INSERT INTO second_factors (user_id, institution_id, secret, created_at)
            VALUES (\(scope.user), \(scope.institution), \(secret), \(time))
            ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
            WHERE second_factors.confirmed_at IS NULL
            """)
    }

    /// With the digests of the recovery codes.
    func confirm(_ scope: Scope, step: Int64, recovery: [String], at time: Timestamp) throws {
        try connection.execute(
            """
            UPDATE second_factors SET confirmed_at = \(time), last_step = \(step)
            WHERE institution_id = \(scope.institution) AND user_id = \(scope.user)
            """)
        for digest in recovery {
            try connection.execute(
                "INSERT INTO recovery_codes (user_id, digest) VALUES (\(scope.user), \(digest))")
        }
    }

    /// - Returns: false if a code of this step or a later one was used before.
    func take(_ user: UserID, step: Int64) throws -> Bool {
        try connection.execute(
            "UPDATE second_factors SET last_step = \(step) WHERE user_id = \(user) AND last_step < \(step)") == 1
    }

    /// - Returns: false if the user has no such code left.
    func takeRecovery(_ user: UserID, digests: [String], at time: Timestamp) throws -> Bool {
        try connection.execute(
            """
            UPDATE recovery_codes SET used_at = \(time)
            WHERE user_id = \(user) AND digest IN \(list: digests) AND used_at IS NULL
            """) == 1
    }

    func recoveryCodesLeft(_ user: UserID) throws -> Int {
        try connection.queryOne(
            "SELECT COUNT(*) AS number FROM recovery_codes WHERE user_id = \(user) AND used_at IS NULL"
        )?.get("number") ?? 0
    }

    /// - Returns: false if `user` of the institution has none.
    func delete(_ scope: Scope, _ user: UserID) throws -> Bool {
        try connection.execute(
            "DELETE FROM second_factors WHERE institution_id = \(scope.institution) AND user_id = \(user)") == 1
    }
}
