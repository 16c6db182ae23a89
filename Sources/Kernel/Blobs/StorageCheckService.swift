import Basics
import Crypto
import Foundation
import Storage

/// Compares the rows that reference files with the files in the store, both ways.
package struct StorageCheckService: Sendable {
    /// Counts only: keys would be of use to nobody who reads a log.
    package struct Counts: Sendable, Equatable {
        /// Referenced files.
        package var rows = 0
        /// Stored files, and their size in bytes.
        package var files = 0
        package var bytes: Int64 = 0
        /// Referenced files that do not exist.
        package var missing = 0
        /// Files whose size differs from the recorded one.
        package var wrongSize = 0
        /// Files whose SHA-256 differs from the recorded one; `nil` if digests were not compared.
        package var wrongDigest: Int?
        /// Files that no row references, and their size in bytes.
        package var orphans = 0
        package var orphanBytes: Int64 = 0
        /// When the oldest orphan was written.
        package var oldestOrphan: Timestamp?
        /// Files without a row that are too new to be orphans: their rows may follow.
        package var recent = 0

        /// Orphans cost space alone, and the sweep deletes them.
        package var isValid: Bool { missing == 0 && wrongSize == 0 && wrongDigest ?? 0 == 0 }
    }

    private let database: any Database
    private let blobs: any BlobStore

    package init(database: any Database, blobs: any BlobStore) {
        self.database = database
        self.blobs = blobs
    }

    /// - Parameters:
    ///   - digests: whether to read every file.
    ///   - age: files younger than this are no orphans.
    package func check(
        digests: Bool = false, orphanAge age: Duration = .seconds(24 * 3600), now: Timestamp = .now
    ) async throws -> Counts {
        var counts = Counts()
        if digests { counts.wrongDigest = 0 }
        var seen: Set<BlobKey> = []
        var cursor: String?
        repeat {
            // A list may lag behind, but never by an hour.
            let page = try await blobs.keys(
                writtenBefore: now.advanced(by: .seconds(3600)), after: cursor, limit: BlobKeyPages.defaultLimit)
            try await look(at: page.entries, before: now.advanced(by: .zero - age), &counts, &seen)
            cursor = page.next
        } while cursor != nil
        for try await rows in database.recordedBlobs() {
            counts.rows += rows.count
            for row in rows {
                if !seen.contains(row.key) { try await find(row, &counts) }
                if digests { try await compare(row, &counts) }
            }
        }
        return counts
    }

    private func look(
        at entries: [BlobEntry], before time: Timestamp, _ counts: inout Counts, _ seen: inout Set<BlobKey>
    ) async throws {
        let keys = entries.map(\.key)
        let rows = try await database.read { try BlobRowStore($0).recorded(among: keys) }
        for entry in entries {
            guard let row = rows[entry.key] else {
                try await count(entry, before: time, &counts)
                continue
            }
            counts.files += 1
            counts.bytes += entry.size
            // The list may be older than the file; only the store's own answer counts.
            if row.size != entry.size, try await blobs.size(row.key) != row.size { counts.wrongSize += 1 }
            seen.insert(entry.key)
        }
    }

    /// Counts a file without a row, unless it has been deleted since.
    private func count(_ entry: BlobEntry, before time: Timestamp, _ counts: inout Counts) async throws {
        guard entry.modified < time else {
            counts.recent += 1
            return
        }
        counts.files += 1
        counts.bytes += entry.size
        counts.orphans += 1
        counts.orphanBytes += entry.size
        counts.oldestOrphan = min(counts.oldestOrphan ?? entry.modified, entry.modified)
    }

    /// Counts a row whose file was not in the list: the list may lag behind, or the row may have been deleted since.
    private func find(_ row: StagedBlob, _ counts: inout Counts) async throws {
        do {
            let size = try await blobs.size(row.key)
            counts.files += 1
            counts.bytes += size
            if size != row.size { counts.wrongSize += 1 }
        } catch BlobError.missing {
            if try await database.isRecorded(row.key) { counts.missing += 1 }
        }
    }

    private func compare(_ row: StagedBlob, _ counts: inout Counts) async throws {
        do {
            if try await blobs.digest(of: row.key) != row.sha256 { counts.wrongDigest = (counts.wrongDigest ?? 0) + 1 }
        } catch BlobError.missing {
            // Counted as missing.
        }
    }
}

extension BlobStore {
    /// The SHA-256 of a blob in hexadecimal, read from the store itself.
    func digest(of key: BlobKey) async throws -> String {
        var hash = SHA256()
        for try await chunk in try await read(key, range: nil) { hash.update(data: chunk) }
        return hash.finalize().hexadecimal
    }
}
