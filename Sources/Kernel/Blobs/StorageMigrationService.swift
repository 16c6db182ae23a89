import Foundation
import Storage

/// Copies the files of one store to another while the server goes on. What is already there is skipped, so the copy can
/// be repeated after an interruption, and for the files that have been added since.
package struct StorageMigrationService: Sendable {
    /// Numbers of files.
    package struct Counts: Sendable, Equatable {
        package var copied = 0
        /// The size of the copied files in bytes.
        package var copiedBytes: Int64 = 0
        /// Already in the target.
        package var present = 0
        /// In neither store.
        package var missing = 0
        /// Not copied, because their SHA-256 differs from the recorded one.
        package var damaged = 0

        package var isComplete: Bool { missing == 0 && damaged == 0 }
    }

    fileprivate enum Outcome: Sendable {
        case copied(Int64)
        case present, missing, damaged, deleted
    }

    private let database: any Database
    private let source: any BlobStore
    private let target: any BlobStore

    /// Files copied at once.
    private static let concurrency = 4

    package init(database: any Database, from source: any BlobStore, to target: any BlobStore) {
        self.database = database
        self.source = source
        self.target = target
    }

    /// - Parameters:
    ///   - verifiesPresent: whether files that are already in the target are read and compared as well.
    ///   - progress: called after each page of rows.
    package func run(verifiesPresent: Bool = false, progress: (Counts) -> Void = { _ in }) async throws -> Counts {
        var counts = Counts()
        for try await rows in database.recordedBlobs() {
            try await withThrowingTaskGroup(of: Outcome.self) { group in
                var waiting = rows[...]
                for row in waiting.prefix(Self.concurrency) {
                    group.addTask { try await copy(row, verifiesPresent) }
                }
                waiting = waiting.dropFirst(Self.concurrency)
                while let outcome = try await group.next() {
                    counts.add(outcome)
                    if let row = waiting.popFirst() { group.addTask { try await copy(row, verifiesPresent) } }
                }
            }
            progress(counts)
        }
        return counts
    }

    private func copy(_ row: StagedBlob, _ verifiesPresent: Bool) async throws -> Outcome {
        if try await isPresent(row, verifiesPresent) { return .present }
        let chunks: AsyncThrowingStream<Data, any Error>
        do {
            chunks = try await source.read(row.key, range: nil)
        } catch BlobError.missing {
            // It may have been deleted since its row was read.
            return try await database.isRecorded(row.key) ? .missing : .deleted
        }
        // Left by an interrupted copy.
        try await target.delete(row.key)
        let writer = try await target.stage(row.key, limit: .max)
        do {
            for try await chunk in chunks { try await writer.append(chunk) }
        } catch {
            await writer.abandon()
            throw error
        }
        let staged = try await writer.finish()
        guard staged.sha256 == row.sha256, staged.size == row.size else {
            try await target.delete(row.key)
            return .damaged
        }
        try await target.commit(staged)
        return .copied(row.size)
    }

    private func isPresent(_ row: StagedBlob, _ isVerified: Bool) async throws -> Bool {
        do {
            guard try await target.size(row.key) == row.size else { return false }
            guard isVerified else { return true }
            return try await target.digest(of: row.key) == row.sha256
        } catch BlobError.missing {
            return false
        }
    }
}

extension StorageMigrationService.Counts {
    fileprivate mutating func add(_ outcome: StorageMigrationService.Outcome) {
        switch outcome {
        case .copied(let bytes):
            copied += 1
            copiedBytes += bytes
        case .present: present += 1
        case .missing: missing += 1
        case .damaged: damaged += 1
        case .deleted: break
        }
    }
}
