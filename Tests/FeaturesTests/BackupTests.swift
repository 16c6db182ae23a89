import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// A backup of an installation in use is restored into an empty place and served from there.
@Suite struct BackupTests {
    /// An installation of its own that a backup or a restore works on.
    private struct Place: Sendable {
        let url: DatabaseURL
        let folder: URL
        let stored: TestBlobs

        var blobs: any BlobStore { stored.store }
        var secretKey: URL { folder.appendingPathComponent("secret-key") }

        func backup(to target: URL, withKey: Bool = false) async throws -> BackupManifest {
            try await BackupService(database: url, blobs: blobs, secretKey: withKey ? secretKey : nil, version: "test")
                .write(to: target)
        }

        func restore(from source: URL) async throws -> BackupManifest {
            try await RestoreService(database: url, blobs: blobs, secretKey: secretKey).restore(from: source)
        }

        func open() throws -> any Database { try Databases.open(url) }
    }

    /// Two empty places, and a folder for backups.
    private static func withPlaces(
        _ kind: TestDatabase, _ body: @escaping @Sendable (Place, Place, URL) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let media = ["first", "second"].map { folder.appendingPathComponent($0, isDirectory: true) }
            let stores = [try await TestBlobs(.disk, in: media[0]), try await TestBlobs(.disk, in: media[1])]
            let backups = folder.appendingPathComponent("backups", isDirectory: true)
            switch kind {
            case .sqlite:
                let places = media.indices.map { index in
                    Place(
                        url: .sqlite(path: folder.appendingPathComponent("\(index).sqlite3").path),
                        folder: media[index],
                        stored: stores[index])
                }
                try await body(places[0], places[1], backups)
            case .postgres:
                try await PostgresServer.withFreshDatabase { first in
                    try await PostgresServer.withFreshDatabase { second in
                        try await body(
                            Place(url: .postgres(first), folder: media[0], stored: stores[0]),
                            Place(url: .postgres(second), folder: media[1], stored: stores[1]), backups)
                    }
                }
            }
        }
    }

    /// Users, cases with images and a sealed audit trail; more are written until `body` returns.
    private static func fill(
        _ place: Place, _ body: @escaping @Sendable (_ contents: [BlobKey: String]) async throws -> Void
    ) async throws {
        let database = try place.open()
        try await Migrator.migrate(database)
        let fixture = try await FeaturesFixture(database: database, stored: place.stored)
        let person = try await fixture.signIn(.radiologist)
        var contents: [BlobKey: String] = [:]
        for number in 0..<3 {
            let item = try await fixture.makeCase(person, patient: "PAT-\(number)")
            let image = try await fixture.add(person, item, .t1, "image \(number)")
            contents[try #require(image.series.files.first).blob] = "image \(number)"
        }
        try await AuditSealService(database: database).seal()
        let isOver = Locked(false)
        let writing = Task {
            var number = 0
            while !isOver.withLock({ $0 }) {
                number += 1
                let item = try await fixture.makeCase(person, patient: "LATER-\(number)")
                _ = try await fixture.add(person, item, .t1, "image later \(number)")
                try await AuditSealService(database: database).seal()
            }
            return number
        }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(contents))
        } catch {
            result = .failure(error)
        }
        isOver.withLock { $0 = true }
        #expect(try await writing.value > 0)
        try await database.close()
        try result.get()
    }

    private static func text(_ key: BlobKey, in blobs: any BlobStore) async throws -> String {
        var data = Data()
        for try await chunk in try await blobs.read(key, range: nil) { data += chunk }
        return String(decoding: data, as: UTF8.self)
    }

    @Test(arguments: TestDatabase.all) func aBackupIsRestoredAndServed(_ kind: TestDatabase) async throws {
        try await Self.withPlaces(kind) { first, second, backup in
            try await Self.fill(first) { contents in
                try Data("the key".utf8).write(to: first.secretKey)
                let manifest = try await first.backup(to: backup, withKey: true)
                #expect(manifest.missing.isEmpty)
                #expect(manifest.blobCount == manifest.rows["blobs"])
                #expect(manifest.auditHeads.contains { $0.sequence > 0 })
                #expect(try await BackupCheck(backup).faults() == [])

                #expect(try await second.restore(from: backup) == manifest)
                let restored = try second.open()
                let rows = try await restored.read { try TableCount.all($0) }
                #expect(rows == manifest.rows)
                for (blob, text) in contents {
                    #expect(try await Self.text(blob, in: second.blobs) == text)
                }
                let blobs = try await restored.read { try BlobRowStore($0).all() }
                for blob in blobs { _ = try await second.blobs.withFile(blob.key) { $0 } }
                #expect(try String(contentsOf: second.secretKey, encoding: .utf8) == "the key")
                // It serves: the same user signs in and adds to the same chain.
                let fixture = try await FeaturesFixture(database: restored, stored: second.stored)
                let row = try await restored.read {
                    try $0.queryOne("SELECT email FROM users WHERE deleted_at IS NULL")
                }
                let signedIn = try await fixture.sessions.login(
                    email: try #require(row).get("email"), password: FeaturesFixture.password, origin: RequestOrigin())
                let person = Person(
                    user: signedIn.user, tokens: signedIn.tokens,
                    principal: try await fixture.sessions.authenticate(
                        signedIn.tokens.access, origin: RequestOrigin()))
                _ = try await fixture.makeCase(person, patient: "AFTER")
                try await AuditSealService(database: restored).seal()
                let heads = Set(manifest.auditHeads.filter { $0.sequence > 0 }.map(\.hash))
                let missing = try await AuditVerifyService(database: restored).verify(heads: heads) { verdict in
                    #expect(verdict.faultCount == 0)
                }
                #expect(missing.isEmpty)
                try await restored.close()
            }
        }
    }

    @Test(arguments: TestDatabase.all) func onlyAnEmptyPlaceIsRestoredInto(_ kind: TestDatabase) async throws {
        try await Self.withPlaces(kind) { first, second, backup in
            try await Self.fill(first) { _ in
                _ = try await first.backup(to: backup)
                #expect(!FileManager.default.fileExists(atPath: backup.appendingPathComponent("secret-key").path))
                let again = await #expect(throws: AppError.self) { try await first.backup(to: backup) }
                #expect(again?.message.contains("not empty") == true)
                let own = await #expect(throws: AppError.self) { try await first.restore(from: backup) }
                #expect(own?.message.contains("database is not empty") == true)
                let stray = try await second.blobs.put(Data("stray".utf8))
                let files = await #expect(throws: AppError.self) { try await second.restore(from: backup) }
                #expect(files?.message.contains("storage is not empty") == true)
                try await second.blobs.delete(stray.key)
                _ = try await second.restore(from: backup)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func changedFilesAreFound(_ kind: TestDatabase) async throws {
        try await Self.withPlaces(kind) { first, second, backup in
            try await Self.fill(first) { contents in
                _ = try await first.backup(to: backup)
                let blob = try #require(contents.keys.first)
                let file = backup.appendingPathComponent(BackupFolder.name(of: blob))
                // Replaced, since the backup may share the stored file.
                let bytes = try Data(contentsOf: file)
                try FileManager.default.removeItem(at: file)
                try Data("imagE x".utf8).write(to: file)
                #expect(try await BackupCheck(backup).faults().count == 1)
                await #expect(throws: AppError.self) { try await second.restore(from: backup) }
                // Nothing is left of the attempt.
                try FileManager.default.removeItem(at: file)
                try bytes.write(to: file)
                _ = try await second.restore(from: backup)

                let database = backup.appendingPathComponent(DatabaseDump.name(for: first.url))
                var dump = try Data(contentsOf: database)
                dump[dump.count / 2] ^= 1
                try dump.write(to: database)
                #expect(try await BackupCheck(backup).faults().count == 1)
            }
        }
    }

    @Test func aMissingFileIsReported() async throws {
        try await Self.withPlaces(.sqlite) { first, _, backup in
            try await Self.fill(first) { contents in
                let blob = try #require(contents.keys.first)
                try await first.blobs.delete(blob)
                let manifest = try await first.backup(to: backup)
                #expect(manifest.missing == [blob.string])
                #expect(try await BackupCheck(backup).faults().count == 1)
            }
        }
    }

    /// Somebody who may write the database, but not the recorded heads, cannot pass a changed trail off as a backup.
    @Test func aChangedTrailIsFound() async throws {
        try await Self.withPlaces(.sqlite) { first, second, backup in
            try await Self.fill(first) { _ in
                _ = try await first.backup(to: backup)
                let manifest = try BackupManifest.read(from: backup)
                let file = backup.appendingPathComponent(manifest.database.name)
                let changed = try SQLiteDatabase(path: file.path)
                try await changed.write { connection in
                    for trigger in try connection.query("SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                        try connection.executeScript("DROP TRIGGER \(try trigger.get("name", as: String.self))")
                    }
                    try connection.execute("UPDATE audit_entries SET action = 'case.read' WHERE chain_sequence = 1")
                }
                try await changed.close()
                let files = FileCopy()
                let new = try await files.describe(manifest.database.name, in: backup)
                files.close()
                try manifest.with(new).write(to: backup)
                let faults = try await BackupCheck(backup).faults()
                #expect(faults.contains { $0.contains("Audit trail") })
                let error = await #expect(throws: AppError.self) { try await second.restore(from: backup) }
                #expect(error?.message.contains("audit trail is not valid") == true)
            }
        }
    }
}

extension BackupManifest {
    fileprivate func with(_ database: File) -> BackupManifest {
        BackupManifest(
            format: format, version: version, createdAt: createdAt, schema: schema, database: database,
            blobList: blobList, blobCount: blobCount, blobBytes: blobBytes, secretKey: secretKey, rows: rows,
            auditHeads: auditHeads, missing: missing)
    }
}
