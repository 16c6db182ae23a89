import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// `neuroai storage`, from a folder to a bucket of a real server.
@Suite(.serialized, .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct StorageCommandTests {
    @Test func theFilesMoveToABucket() async throws {
        try await TemporaryFolder.with { folder in
            let media = folder.appendingPathComponent("media")
            let file = folder.appendingPathComponent("db.sqlite3").path
            let bucket = try await ObjectStore.moto.url()
            let environment = [
                "MEDIA_ROOT": media.path, "DATABASE_URL": "sqlite:///\(file)",
                "LOG_ROOT": folder.appendingPathComponent("logs").path,
            ].merging(ObjectStore.environment) { $1 }
            @Sendable func storage(_ url: String?, _ arguments: String...) async throws -> (code: Int32?, said: String)
            {
                let log = folder.appendingPathComponent("log-\(UUID().uuidString)")
                let process = try Program.start(
                    ["storage"] + arguments,
                    environment: environment.merging(url.map { ["STORAGE_URL": $0] } ?? [:]) { $1 }, log: log)
                let hasEnded = await process.waitForEnd(60)
                return (hasEnded ? process.exitCode : nil, try String(contentsOf: log, encoding: .utf8))
            }
            #expect(try await storage(nil, "check").code == 0)

            let store = try DiskBlobStore(root: media)
            let database = try SQLiteDatabase(path: file)
            let blob = try await store.put(Data("image".utf8))
            try await database.write {
                try BlobRowStore($0).insert(institution: .default, blob, case: nil)
            }
            #expect(try await storage(nil, "migrate").code == 64)
            let copy = try await storage(nil, "migrate", "--to", bucket)
            #expect(copy.code == 0 && copy.said.contains("copied: 1 "), "\(copy.said)")
            let again = try await storage(bucket, "migrate", "--from", "file://\(media.path)", "--verify")
            #expect(again.code == 0 && again.said.contains("already there: 1,"), "\(again.said)")
            let check = try await storage(bucket, "check", "--digests")
            #expect(check.code == 0 && check.said.contains("wrong SHA-256: 0"), "\(check.said)")

            try await store.delete(blob.key)
            let missing = try await storage(nil, "check")
            #expect(missing.code == 65 && missing.said.contains("missing: 1\n"), "\(missing.said)")
            #expect(!missing.said.contains(blob.key.string))
            try await database.close()
        }
    }
}
