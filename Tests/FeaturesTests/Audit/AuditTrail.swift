import Storage
import TestSupport

@testable import Features
@testable import Kernel

/// An audit trail on a new database, its sealer, and an attacker who manipulates it.
struct AuditTrail: Sendable {
    static let home = JobFixture.institution
    static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    let database: any Database
    let kind: TestDatabase
    let user: Scope

    static func with(_ kind: TestDatabase, _ body: @Sendable (AuditTrail) async throws -> Void) async throws {
        try await kind.with { database in
            let user = try await SegmentationFixture.addUser(.admin, to: database)
            try await body(AuditTrail(database: database, kind: kind, user: user))
        }
    }

    /// An entry this many seconds after the start.
    func entry(_ number: Int, at seconds: Double? = nil, institution: InstitutionID = home) -> AuditEntry {
        AuditEntry(
            institution: institution, actor: user.user, origin: RequestOrigin(requestID: "r-\(number)"),
            action: "case.read", objectType: "case", objectID: "c-\(number)",
            at: Self.start.advanced(by: .seconds(seconds ?? Double(number))))
    }

    func write(_ entries: [AuditEntry]) async throws {
        try await database.write { try AuditStore($0).append(entries) }
    }

    /// An entry inserted by the database's owner, with any time.
    func slipIn(_ entry: AuditEntry) async throws {
        try await database.write {
            try $0.execute(
                """
                INSERT INTO audit_entries (id, institution_id, occurred_at, action, object_type, object_id, outcome)
                VALUES (\(entry.id), \(entry.institution), \(entry.occurredAt), \(entry.action), \(entry.objectType),
                    \(entry.objectID), \(entry.outcome))
                """)
        }
    }

    /// Entries 1 to `count`, a second apart, each sealed separately, so that times between all of them are verified.
    func fill(_ count: Int) async throws {
        for number in 1...count {
            try await write([entry(number, at: Double(number) * 600)])
            _ = try await sealer(at: Double(number) * 600 + 1).seal()
        }
    }

    func sealer(at seconds: Double, batch: Int = AuditSealService.batch) -> AuditSealService {
        AuditSealService(database: database, batch: batch) { Self.start.advanced(by: .seconds(seconds)) }
    }

    /// The verification's faults; `heads` were recorded before.
    func faults(heads: Set<String> = []) async throws -> [String] {
        var found: [String] = []
        let missing = try await AuditVerifyService(database: database).verify(heads: heads) { verdict in
            found += verdict.faults.map(\.description)
        }
        return found + missing.map { AuditFault.headNotFound($0).description }
    }

    func head() async throws -> AuditHead {
        try await database.read { try AuditStore($0).head(Self.home) }
    }

    func sealed() async throws -> [AuditEntry] {
        try await database.read { try AuditStore($0).sealed(Self.home, after: 0, limit: 100_000) }
    }

    /// Runs a statement as the database's owner, after dropping the triggers.
    func tamper(_ statement: SQL) async throws {
        let target = kind == .postgres ? " ON audit_entries" : ""
        let chains = kind == .postgres ? " ON audit_chains" : ""
        try await database.write { connection in
            for name in ["update", "delete", "insert"] {
                try connection.executeScript("DROP TRIGGER IF EXISTS tr_audit_entries_\(name)\(target)")
                // On PostgreSQL, chains have no trigger for inserts.
                try connection.executeScript("DROP TRIGGER IF EXISTS tr_audit_chains_\(name)\(chains)")
            }
            try connection.execute(statement)
        }
    }
}
