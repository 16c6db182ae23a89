import Basics
import Crypto
import Foundation

/// One numbered step of the schema; the same SQL for both databases.
package struct Migration: Sendable {
    package let number: Int
    package let name: String
    let script: String

    package init(number: Int, name: String, script: String) {
        self.number = number
        self.name = name
        self.script = script
    }

    init(_ number: Int, _ name: String, _ bytes: [UInt8]) {
        self.init(number: number, name: name, script: String(decoding: bytes, as: UTF8.self))
    }

    /// `m0004-models`, as in its file name.
    package var title: String {
        let digits = String(number)
        return "m" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-" + name
    }

    /// SHA-256 of the script in hexadecimal.
    var checksum: String {
        SHA256.hash(data: Data(script.utf8)).hexadecimal
    }

    /// The script for `dialect`: a line "-- SQLite only:" or "-- PostgreSQL only:" starts a section for that database,
    /// "-- Both:" ends it.
    func script(for dialect: SQLDialect) -> String {
        var only: SQLDialect?
        return script.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            switch line {
            case "-- SQLite only:": only = .sqlite
            case "-- PostgreSQL only:": only = .postgres
            case "-- Both:": only = nil
            default: return only == nil || only == dialect
            }
            return false
        }.joined(separator: "\n")
    }

    /// The schema is the result of all of these in order; new steps are appended and old ones never change.
    package static let all: [Migration] = [
        Migration(1, "core", PackageResources.m0001_core_sql),
        Migration(2, "jobs", PackageResources.m0002_jobs_sql),
        Migration(3, "pictures", PackageResources.m0003_pictures_sql),
        Migration(4, "models", PackageResources.m0004_models_sql),
        Migration(5, "accounts", PackageResources.m0005_accounts_sql),
        Migration(6, "cases", PackageResources.m0006_cases_sql),
        Migration(7, "audit", PackageResources.m0007_audit_sql),
        Migration(8, "operations", PackageResources.m0008_operations_sql),
        Migration(9, "reports", PackageResources.m0009_reports_sql),
        Migration(10, "list-indices", PackageResources.m0010_list_indices_sql),
        Migration(11, "institution-revision", PackageResources.m0011_institution_revision_sql),
        Migration(12, "audit-changes", PackageResources.m0012_audit_changes_sql),
        Migration(13, "audit-indices", PackageResources.m0013_audit_indices_sql),
        Migration(14, "signed-reports", PackageResources.m0014_signed_reports_sql),
        Migration(15, "case-review", PackageResources.m0015_case_review_sql),
        Migration(16, "registrations", PackageResources.m0016_registrations_sql),
        Migration(17, "series-geometry", PackageResources.m0017_series_geometry_sql),
        Migration(18, "studies", PackageResources.m0018_studies_sql),
        Migration(19, "findings", PackageResources.m0019_findings_sql),
        Migration(20, "study-description", PackageResources.m0020_study_description_sql),
        Migration(21, "job-classes", PackageResources.m0021_job_classes_sql),
        Migration(22, "notifications", PackageResources.m0022_notifications_sql),
        Migration(23, "events", PackageResources.m0023_events_sql),
        Migration(24, "periodic-tasks", PackageResources.m0024_periodic_tasks_sql),
        Migration(25, "job-messages", PackageResources.m0025_job_messages_sql),
        Migration(26, "series-warnings", PackageResources.m0026_series_warnings_sql),
        Migration(27, "metrics", PackageResources.m0027_metrics_sql),
        Migration(28, "single-sign-on", PackageResources.m0028_single_sign_on_sql),
        Migration(29, "event-notifications", PackageResources.m0029_event_notifications_sql),
    ]
}

/// Migrates a database to this program's schema.
package enum Migrator {
    /// Runs the pending migrations in one transaction; idempotent. Of several processes that start at once, one
    /// migrates and the others wait for it.
    ///
    /// - Returns: the steps that this call ran.
    /// - Throws: `DatabaseError` of kind `.schema` if the database was created by a newer program or a step differs
    ///   from the one that ran.
    @discardableResult
    package static func migrate(
        _ database: any Database, to migrations: [Migration] = Migration.all
    ) async throws -> [Migration] {
        let start = ContinuousClock.now
        while true {
            do {
                // Usually there is nothing to do, and no process needs to wait for another.
                guard try await !pending(database, of: migrations).isEmpty else { return [] }
                return try await database.write { try attempt($0, migrations) }
            } catch let error as DatabaseError where error.kind == .busy && .now - start < longestWait {
                // SQLite: another process migrates, for longer than a statement waits for its lock.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Longer than any migration is expected to take.
    private static let longestWait: Duration = .seconds(600)
    /// The key of PostgreSQL's advisory lock: any number that nobody else uses.
    private static let lockKey = 6_384_276

    private static func attempt(_ connection: any DatabaseConnection, _ migrations: [Migration]) throws -> [Migration] {
        if connection.dialect == .postgres {
            // Held until the end of the transaction. The limits of usual statements do not apply to migrations.
            try connection.executeScript(
                "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(\(lockKey))")
        }
        try connection.executeScript(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number INTEGER NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                checksum TEXT NOT NULL,
                applied_at BIGINT NOT NULL
            )
            """)
        let waiting = Array(migrations.dropFirst(try checked(connection, against: migrations)))
        for migration in waiting {
            try connection.executeScript(migration.script(for: connection.dialect))
            try connection.execute(
                """
                INSERT INTO schema_migrations (number, name, checksum, applied_at)
                VALUES (\(migration.number), \(migration.name), \(migration.checksum), \(Timestamp.now))
                """)
        }
        return waiting
    }

    /// The pending steps, without running them.
    ///
    /// - Throws: as for `migrate`.
    package static func pending(
        _ database: any Database, of migrations: [Migration] = Migration.all
    ) async throws -> [Migration] {
        do {
            return try await database.read { connection in
                Array(migrations.dropFirst(try checked(connection, against: migrations)))
            }
        } catch let error as DatabaseError where error.kind == .statement {
            // A new database does not even have the table of steps.
            return migrations
        }
    }

    /// The number of steps that have run.
    package static func appliedCount(_ connection: any DatabaseConnection) throws -> Int {
        try checked(connection, against: Migration.all)
    }

    /// The number of steps that have run, each compared with this program's.
    private static func checked(_ connection: any DatabaseConnection, against known: [Migration]) throws -> Int {
        let rows = try connection.query("SELECT number, name, checksum FROM schema_migrations ORDER BY number")
        guard rows.count <= known.count else {
            throw DatabaseError(.schema, "The database was created by a newer version of NeuroAI. Start that version.")
        }
        for (row, migration) in zip(rows, known) {
            let number: Int = try row.get("number")
            let checksum: String = try row.get("checksum")
            guard number == migration.number, checksum == migration.checksum else {
                throw DatabaseError(
                    .schema, "Migration \(number) of the database differs from the one of this NeuroAI version.")
            }
        }
        return rows.count
    }
}
