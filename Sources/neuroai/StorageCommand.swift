import ArgumentParser
import Foundation
import Kernel
import Storage

/// `neuroai storage`: checks the stored files and moves them to another store.
struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Check the stored files, or copy them to another store.",
        discussion: "See docs/operations.md for moving a server to an object store.",
        subcommands: [Check.self, Migrate.self])

    /// Exits with 0 if every referenced file is there, otherwise with 65.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare the database's rows with the stored files. Prints counts only.")

        @Flag(help: "Read every file and compare its SHA-256.") var digests = false
        @Option(help: "Hours after which a file without a row counts as an orphan.") var orphanAge = 24

        func validate() throws {
            guard (0...87_600).contains(orphanAge) else {
                throw ValidationError("--orphan-age must be a whole number from 0 to 87600.")
            }
        }

        func run() async throws {
            let wiring = try await Wiring.open(try Settings.load(), label: "storage")
            try await wiring.close(after: {
                let report = try await StorageCheckService(database: wiring.database, blobs: wiring.blobs)
                    .check(digests: digests, orphanAge: .seconds(orphanAge * 3600))
                for line in Self.lines(report) { print(line) }
                guard report.isValid else { throw ExitCode(65) }
            })
        }

        private static func lines(_ report: StorageCheckService.Counts) -> [String] {
            let oldest = report.oldestOrphan.map { ", the oldest of \($0)" } ?? ""
            return [
                "referenced files: \(report.rows)",
                "stored files: \(report.files) (\(ByteCount(report.bytes).size))",
                "missing: \(report.missing)",
                "wrong size: \(report.wrongSize)",
                "wrong SHA-256: \(report.wrongDigest.map { "\($0)" } ?? "not checked (--digests)")",
                "orphans: \(report.orphans) (\(ByteCount(report.orphanBytes).size))\(oldest)",
                "recent files without a row: \(report.recent)",
            ]
        }
    }

    /// Exits with 0 if the target holds every referenced file, otherwise with 65. Can be repeated at any time.
    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy every referenced file to another store while the server goes on.",
            discussion: "Files that are already there are skipped. Nothing is deleted from the source.")

        @Option(help: "Target, as in STORAGE_URL; default: STORAGE_URL.") var to: String?
        @Option(help: "Source, as in STORAGE_URL; default: STORAGE_URL.") var from: String?
        @Flag(help: "Also compare the SHA-256 of files that are already there.") var verify = false

        func validate() throws {
            guard to != nil || from != nil else { throw ValidationError("Give --to or --from.") }
        }

        func run() async throws {
            let settings = try Settings.load()
            let wiring = try await Wiring.open(settings, label: "storage")
            try await wiring.close(after: {
                let database = wiring.database
                func store(_ name: String, _ text: String?) throws -> any BlobStore {
                    let location = try text.map { try Settings.location(name, $0) } ?? settings.storageLocation()
                    return try settings.blobStore(at: location) { try await database.recordedDigest(of: $0) }
                }
                let service = StorageMigrationService(
                    database: database, from: try store("--from", from), to: try store("--to", to))
                let report = try await service.run(verifiesPresent: verify) { Terminal.complain(Self.line($0)) }
                print(Self.line(report))
                guard report.isComplete else { throw ExitCode(65) }
            })
        }

        private static func line(_ report: StorageMigrationService.Counts) -> String {
            "copied: \(report.copied) (\(ByteCount(report.copiedBytes).size)), already there: \(report.present), "
                + "missing: \(report.missing), damaged: \(report.damaged)"
        }
    }
}
