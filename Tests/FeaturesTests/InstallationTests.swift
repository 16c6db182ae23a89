import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// A database created by an earlier version is migrated to the current schema on both databases. Its archive is in
/// `../shared/migration`.
@Suite struct InstallationTests {
    private static let archive: URL? = {
        let named = ProcessInfo.processInfo.environment["NEUROAI_SHARED"].map { URL(fileURLWithPath: $0) }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared = named ?? root.deletingLastPathComponent().appendingPathComponent("shared")
        let file = shared.appendingPathComponent("migration/installation-66cc81f.tar.gz")
        return FileManager.default.fileExists(atPath: file.path) ? file : nil
    }()

    private static let expectedVolumes: [TumourRegion: Double] = [
        .wholeTumour: 95000, .tumourCore: 15448, .enhancingTumour: 8472,
    ]

    @Test(
        .enabled(if: Self.archive != nil, "no installation: put it beside the checkout as ../shared/migration"),
        arguments: TestDatabase.all)
    func itsDataIsThereAfterTheMigration(_ kind: TestDatabase) async throws {
        try await TemporaryFolder.with { folder in
            let home = try Self.unpacked(into: folder)
            let stored = try SQLiteDatabase(path: home.appendingPathComponent("db.sqlite3").path)
            switch kind {
            case .sqlite: try await Self.check(stored)
            case .postgres:
                try await kind.with(migrated: false) { database in
                    try await Self.copy(stored, to: database)
                    try await Self.check(database)
                }
            }
            try await stored.close()
        }
    }

    /// A value of any type.
    private struct Stored: SQLConvertible {
        let sqlValue: SQLValue
    }

    private static func unpacked(into folder: URL) throws -> URL {
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/tar")
        tar.arguments = ["xzf", try #require(archive).path, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        try #require(tar.terminationStatus == 0)
        return folder.appendingPathComponent("home")
    }

    /// Copies the rows to a PostgreSQL database of the same version.
    private static func copy(_ source: any Database, to target: any Database) async throws {
        let version = try await source.read { connection in
            try connection.queryOne("SELECT MAX(number) AS number FROM schema_migrations")?.get("number", as: Int.self)
        }
        let migrations = Migration.all.filter { $0.number <= version ?? 0 }
        try #require(migrations.count == version)
        try await Migrator.migrate(target, to: migrations)
        let tables = try await source.read { connection in
            try connection.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migrations'")
                .map { try $0.get("name", as: String.self) }
        }
        for table in tables {
            let (columns, rows) = try await source.read { connection in
                let columns = try connection.query("SELECT name FROM pragma_table_info(\(table))")
                    .map { try $0.get("name", as: String.self) }
                return (columns, try connection.query("SELECT * FROM \(raw: table)"))
            }
            try await target.write { connection in
                // Without foreign key checks, since the tables are not in their order.
                try connection.execute("SET LOCAL session_replication_role = replica")
                try connection.execute("DELETE FROM \(raw: table)")
                for row in rows {
                    let values: [SQL] = try columns.map { "\(try row.get($0, as: Stored.self))" }
                    try connection.execute(
                        """
                        INSERT INTO \(raw: table) (\(raw: columns.joined(separator: ", ")))
                        VALUES (\(SQL.joined(values, by: ", ")))
                        """)
                }
            }
        }
    }

    private static func check(_ database: any Database) async throws {
        let before = try await database.read { connection in
            try connection.query("SELECT id, case_id, blob_id, modality, content_digest, size_x FROM images")
        }
        try await Migrator.migrate(database)
        try await database.read { connection in
            let withImages: CaseID = try #require(before.first).get("case_id")
            let row = try #require(
                try connection.queryOne("SELECT id, institution_id, created_by FROM cases WHERE id = \(withImages)"))
            let scope = Scope(
                institution: try row.get("institution_id"), user: try row.get("created_by"), role: .radiologist)
            let item = try CaseStore(connection).require(scope, row.get("id"))
            let images = try CaseStore(connection).images(scope, of: item.id)
            #expect(images.map(\.modality) == MRISequence.allCases && before.count == 4)
            for old in before {
                let id: ID<Series> = try old.get("id")
                let image = try #require(images.first { $0.id == id })
                #expect(try old.get("case_id") == item.id)
                #expect(try image.series.files.map(\.blob) == [old.get("blob_id")])
                #expect(try old.get("modality") == image.modality.rawValue)
                #expect(try old.get("content_digest") == image.series.contentDigest)
                #expect(try old.get("size_x") == image.dimensions[0])
            }
            let result = try #require(try ResultStore(connection).latest(scope, case: item.id))
            #expect(result.result.volumes == expectedVolumes && !result.result.structuredFindings.isEmpty)
            #expect(try ResultStore(connection).isCurrent(scope, case: item.id))
            let reports = try ReportStore(connection).list(scope, case: item.id, .plain(limit: 10)).items
            let report = try #require(reports.first)
            // What an earlier version wrote and a user signed is not contradicted by this one.
            #expect(report.status.isSigned && ReportRemark.remarks(on: report.currentText, report.findings) == [])
            #expect(report.signature?.overriddenChecks == [])
            for image in images { #expect(result.labels(on: image.modality)?.series == image.id) }
            let orphans = try connection.queryOne(
                "SELECT COUNT(*) AS number FROM studies y WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.study_id = y.id)"
            )
            #expect(try orphans?.get("number") == 0)
        }
        _ = try await AuditVerifyService(database: database).verify { #expect($0.faults.isEmpty && $0.count > 0) }
    }
}
