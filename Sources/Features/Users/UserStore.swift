import Kernel
import Storage

/// The rows of users.
package struct UserStore {
    private let connection: any DatabaseConnection

    private static let columns = """
        id, institution_id, email, first_name, last_name, role, institution_name, specialty, phone_number,
        is_email_verified, created_at, updated_at, is_active, is_superuser, is_pending
        """

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func insert(_ user: User, passwordHash: String) throws {
        try refusingTakenEmail {
            try connection.execute(
                """
                INSERT INTO users (\(raw: Self.columns), password_hash, search_text)
                VALUES (\(user.id), \(user.institutionID), \(user.email), \(user.firstName), \(user.lastName),
                    \(user.role), \(user.institution), \(user.specialty), \(user.phoneNumber),
                    \(user.isEmailVerified), \(user.createdAt), \(user.updatedAt), \(user.isActive),
                    \(user.isSuperuser), \(user.isPending), \(passwordHash), \(user.fullName.lowercased()))
                """)
        }
    }

    /// `nil` if the institution has no such user or the account was deleted.
    package func find(_ scope: Scope, _ id: UserID) throws -> User? {
        try connection.queryOne(
            """
            SELECT \(raw: Self.columns) FROM users
            WHERE institution_id = \(scope.institution) AND id = \(id) AND deleted_at IS NULL
            """
        ).map(User.init)
    }

    /// The same by email address.
    func find(_ scope: Scope, email: String) throws -> User? {
        try connection.queryOne(
            """
            SELECT \(raw: Self.columns) FROM users
            WHERE institution_id = \(scope.institution) AND email = \(email) AND deleted_at IS NULL
            """
        ).map(User.init)
    }

    /// For sign-in: the user with this address in any institution, with the password's hash.
    func credentials(email: String) throws -> Credentials? {
        let row = try connection.queryOne(
            """
            SELECT \(raw: Self.columns), password_hash FROM users
            WHERE email = \(email) AND deleted_at IS NULL
            """)
        return try row.map { Credentials(user: try User($0), passwordHash: try $0.get("password_hash")) }
    }

    /// For the operator: a user's address in any institution.
    func email(of id: UserID) throws -> String? {
        try connection.queryOne("SELECT email FROM users WHERE id = \(id) AND deleted_at IS NULL")?.get("email")
    }

    func passwordHash(_ scope: Scope) throws -> String? {
        try connection.queryOne(
            """
            SELECT password_hash FROM users
            WHERE institution_id = \(scope.institution) AND id = \(scope.user) AND deleted_at IS NULL
            """
        )?.get("password_hash")
    }

    /// Whether the user signs in at an identity provider.
    func hasIdentity(_ scope: Scope, _ id: UserID) throws -> Bool {
        try connection.queryOne(
            """
            SELECT 1 AS one FROM identities WHERE institution_id = \(scope.institution) AND user_id = \(id)
            """) != nil
    }

    func list(_ scope: Scope, limit: Int) throws -> [User] {
        try connection.query(
            """
            SELECT \(raw: Self.columns) FROM users
            WHERE institution_id = \(scope.institution) AND deleted_at IS NULL
            ORDER BY created_at DESC, id DESC LIMIT \(limit)
            """
        ).map(User.init)
    }

    /// Over all users, regardless of their number.
    func statistics(_ scope: Scope) throws -> UserStatistics {
        let rows = try connection.query(
            """
            SELECT role, COUNT(*) AS number, SUM(is_email_verified) AS verified FROM users
            WHERE institution_id = \(scope.institution) AND deleted_at IS NULL GROUP BY role
            """)
        var counts: [Role: Int] = [:]
        var verified = 0
        for row in rows {
            let role: Role = try row.get("role")
            counts[role] = try row.get("number", as: Int.self)
            verified += try row.get("verified", as: Int.self)
        }
        return UserStatistics(byRole: counts, verified: verified)
    }

    /// The number of administrators who can still act.
    func admins(_ scope: Scope) throws -> Int {
        let row = try connection.queryOne(
            """
            SELECT COUNT(*) AS number FROM users
            WHERE institution_id = \(scope.institution) AND role = \(Role.admin) AND is_active = 1
                AND deleted_at IS NULL
            """)
        return try row?.get("number") ?? 0
    }

    /// Locks the row until this transaction ends, so that no concurrent change is lost.
    func lock(_ scope: Scope, _ id: UserID) throws {
        try connection.execute(
            "UPDATE users SET updated_at = updated_at WHERE institution_id = \(scope.institution) AND id = \(id)")
    }

    func update(_ scope: Scope, _ user: User) throws {
        // Gives no details: unlike registration, it also responds if registration is closed.
        try refusingTakenEmail("This email address cannot be used.") {
            try connection.execute(
                """
                UPDATE users SET email = \(user.email), first_name = \(user.firstName),
                    last_name = \(user.lastName), search_text = \(user.fullName.lowercased()), role = \(user.role),
                    institution_name = \(user.institution), specialty = \(user.specialty),
                    phone_number = \(user.phoneNumber), is_email_verified = \(user.isEmailVerified),
                    is_active = \(user.isActive), is_pending = \(user.isPending), updated_at = \(user.updatedAt)
                WHERE institution_id = \(scope.institution) AND id = \(user.id) AND deleted_at IS NULL
                """)
        }
    }

    func setPasswordHash(_ scope: Scope, _ id: UserID, _ hash: String, at time: Timestamp) throws {
        try connection.execute(
            """
            UPDATE users SET password_hash = \(hash), updated_at = \(time)
            WHERE institution_id = \(scope.institution) AND id = \(id) AND deleted_at IS NULL
            """)
    }

    /// For sign-in, after the password has been verified.
    ///
    /// - Returns: false if the hash was changed in the meantime.
    func replaceHash(of user: UserID, _ hash: String, by fresh: String) throws -> Bool {
        try connection.execute(
            "UPDATE users SET password_hash = \(fresh) WHERE id = \(user) AND password_hash = \(hash)") == 1
    }

    /// Keeps the row, since cases and the audit trail refer to the user; the address becomes free.
    func markDeleted(_ scope: Scope, _ id: UserID, at time: Timestamp) throws -> Bool {
        let changed = try connection.execute(
            """
            UPDATE users SET deleted_at = \(time), updated_at = \(time), email = \("\(id)@deleted.invalid"),
                password_hash = '', phone_number = '', is_pending = 0
            WHERE institution_id = \(scope.institution) AND id = \(id) AND deleted_at IS NULL
            """)
        try connection.execute(
            "DELETE FROM case_shares WHERE institution_id = \(scope.institution) AND user_id = \(id)")
        try connection.execute(
            "DELETE FROM second_factors WHERE institution_id = \(scope.institution) AND user_id = \(id)")
        try connection.execute("DELETE FROM known_addresses WHERE user_id = \(id)")
        try connection.execute(
            "DELETE FROM identities WHERE institution_id = \(scope.institution) AND user_id = \(id)")
        return changed == 1
    }

    private func refusingTakenEmail(
        _ sentence: String = "A user with this email already exists.", _ body: () throws -> Void
    ) throws {
        do {
            try body()
        } catch let error as DatabaseError where error.constraint == "uq_users_email" {
            throw AppError.invalid("email", sentence)
        }
    }
}

/// The stored data that a sign-in is verified against.
struct Credentials: Sendable {
    let user: User
    /// Empty for accounts of an identity provider, which have no password.
    let passwordHash: String

    /// `nil` if there is no password to verify.
    var usablePasswordHash: String? { passwordHash.isEmpty ? nil : passwordHash }
}

extension User {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        institutionID = try row.get("institution_id")
        email = try row.get("email")
        firstName = try row.get("first_name")
        lastName = try row.get("last_name")
        role = try row.get("role")
        institution = try row.get("institution_name")
        specialty = try row.get("specialty")
        phoneNumber = try row.get("phone_number")
        isEmailVerified = try row.get("is_email_verified")
        createdAt = try row.get("created_at")
        updatedAt = try row.get("updated_at")
        isActive = try row.get("is_active")
        isSuperuser = try row.get("is_superuser")
        isPending = try row.get("is_pending")
    }
}
