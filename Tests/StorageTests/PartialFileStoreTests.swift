import Crypto
import Foundation
import TestSupport
import Testing

@testable import Storage

/// Files that arrive in parts: as long as they are, written by one at a time, for nobody else to read.
@Suite struct PartialFileStoreTests {
    private func with(_ body: @escaping @Sendable (PartialFileStore, URL) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            let root = folder.appendingPathComponent("partial")
            try await body(try PartialFileStore(root: root), root)
        }
    }

    private static func mode(_ url: URL) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? NSNumber)?.intValue
    }

    /// Opens a file, writes one part and lets go of it.
    private static func write(
        _ store: PartialFileStore, _ bytes: Data, at offset: Int64, limit: Int64 = 10
    ) async throws -> Int64 {
        let writer = try #require(try await store.append("a", at: offset, limit: limit))
        defer { writer.release() }
        try await writer.append(bytes)
        return try await writer.flush()
    }

    @Test func partsFollowEachOther() async throws {
        try await with { store, _ in
            try await store.create("a")
            #expect(try await store.size("a") == 0)
            #expect(try await Self.write(store, Data([1, 2, 3]), at: 0) == 3)
            #expect(try await Self.write(store, Data([4, 5]), at: 3) == 5)
            #expect(try await store.size("a") == 5)
            let staged = try await store.staged("a")
            #expect(
                staged.size == 5
                    && staged.sha256
                        == SHA256.hash(data: Data([1, 2, 3, 4, 5])).map {
                            String(format: "%02x", $0)
                        }.joined()
            )
        }
    }

    /// The last byte that was promised is taken, and not one more; what is refused leaves nothing.
    @Test func theLimitItselfIsFilled() async throws {
        try await with { store, _ in
            try await store.create("a")
            #expect(try await Self.write(store, Data(count: 9), at: 0) == 9)
            await #expect(throws: BlobError.tooLarge(limit: 10)) { try await Self.write(store, Data(count: 2), at: 9) }
            #expect(try await store.size("a") == 9)
            #expect(try await Self.write(store, Data(count: 1), at: 9) == 10)
            await #expect(throws: BlobError.tooLarge(limit: 10)) { try await Self.write(store, Data(count: 1), at: 10) }
            #expect(try await Self.write(store, Data(), at: 10) == 10)
        }
    }

    /// A client that is ahead or behind must ask where the file is.
    @Test(arguments: [0, 2, 4] as [Int64]) func anotherOffsetIsRefused(_ offset: Int64) async throws {
        try await with { store, _ in
            try await store.create("a")
            _ = try await Self.write(store, Data(count: 3), at: 0)
            await #expect(throws: BlobError.wrongOffset) { try await store.append("a", at: offset, limit: 10) }
            #expect(try await store.size("a") == 3)
        }
    }

    @Test func oneWritesAtATime() async throws {
        try await with { store, _ in
            try await store.create("a")
            let first = try #require(try await store.append("a", at: 0, limit: 10))
            #expect(try await store.append("a", at: 0, limit: 10) == nil)
            first.release()
            let second = try #require(try await store.append("a", at: 0, limit: 10))
            second.release()
        }
    }

    @Test func whatAWriterAddedCanBeForgotten() async throws {
        try await with { store, _ in
            try await store.create("a")
            _ = try await Self.write(store, Data([1, 2]), at: 0)
            let writer = try #require(try await store.append("a", at: 2, limit: 10))
            try await writer.append(Data([3, 4, 5]))
            try await writer.undo()
            writer.release()
            #expect(try await store.size("a") == 2)
        }
    }

    /// They hold patients' images before anybody has looked at them.
    @Test func filesAreForTheServiceAlone() async throws {
        try await with { store, root in
            try await store.create("a")
            #expect(try Self.mode(root) == 0o700)
            #expect(try Self.mode(root.appendingPathComponent("a.part")) == 0o600)
        }
    }

    @Test func aNameIsTakenOnce() async throws {
        try await with { store, _ in
            try await store.create("a")
            await #expect(throws: BlobError.self) { try await store.create("a") }
            await store.remove("a")
            await #expect(throws: BlobError.missing) { try await store.size("a") }
            await #expect(throws: BlobError.missing) { try await store.append("a", at: 0, limit: 1) }
            await store.remove("a")
            try await store.create("a")
        }
    }

    @Test func oldFilesAreNamed() async throws {
        try await with { store, root in
            try await store.create("old")
            try await store.create("young")
            try Data().write(to: root.appendingPathComponent("other.txt"))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -7200)],
                ofItemAtPath: root.appendingPathComponent("old.part").path)
            #expect(try await store.names(writtenBefore: .now.advanced(by: .seconds(-3600))) == ["old"])
            #expect(
                Set(try await store.names(writtenBefore: .now.advanced(by: .seconds(3600)))) == ["old", "young"])
        }
    }

    @Test func theFoldersOfBlobsAreForTheServiceAlone() async throws {
        try await TemporaryFolder.with { folder in
            let root = folder.appendingPathComponent("blobs")
            let store = try DiskBlobStore(root: root)
            let url = try await store.localURL(try await store.put(Data([1])).key)
            let inner = url.deletingLastPathComponent()
            for part in [inner, inner.deletingLastPathComponent(), root.appendingPathComponent("staging")] {
                #expect(try Self.mode(part) == 0o700, "\(part.lastPathComponent)")
            }
            let staged = try await store.stage(limit: 3).finish()
            #expect(try Self.mode(staged.url) == 0o600)
        }
    }

    /// A file that is not there is missing, not empty.
    @Test func aMissingFileIsNoEmptyOne() throws {
        let nowhere = URL(fileURLWithPath: "/nonexistent/blob")
        #expect(throws: BlobError.missing) { try BlobReader(url: nowhere, range: nil) }
    }

    @Test(arguments: [
        ("2000-02-29", true), ("1900-02-29", false), ("2100-02-29", false), ("2024-02-29", true), ("2023-02-29", false),
        ("2400-02-29", true),
    ]) func everyFourthCenturyLeaps(_ text: String, _ exists: Bool) {
        #expect((CivilDate(text) != nil) == exists)
    }

    @Test(arguments: [-1, 0, 1, 58, 59, 60, 365, -719_468, 11_016, 20_787]) func everyDayIsReadBack(_ days: Int) throws
    {
        let date = CivilDate(daysSince1970: days)
        let read = Calendar(identifier: .gregorian).dateComponents(
            in: try #require(TimeZone(secondsFromGMT: 0)), from: Date(timeIntervalSince1970: Double(days) * 86_400))
        // Foundation counts the year before 1 as year 1 of another era.
        if days > -700_000 { #expect(date.month == read.month && date.day == read.day && date.year == read.year) }
        if date.year > 0 { #expect(CivilDate(date.description) == date) }
    }

    @Test func aNulIsRefusedBeforeADatabaseCutsIt() {
        let statement: SQL = "SELECT \("a\u{0}b")"
        #expect { try statement.checkValues() } throws: { ($0 as? DatabaseError)?.kind == .invalidValue }
        #expect(throws: Never.self) { try ("SELECT \("ab")" as SQL).checkValues() }
    }
}
