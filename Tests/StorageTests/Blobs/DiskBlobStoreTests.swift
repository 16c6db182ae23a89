import Foundation
import Storage
import TestSupport
import Testing

/// Behaviour specific to blobs on disk.
@Suite struct DiskBlobStoreTests {
    @Test func foldersStaySmallAndFilesAreForTheServiceAlone() async throws {
        try await TestBlobs.with(.disk) { blobs in
            let staged = try await blobs.store.stage(Data([1]))
            // A file is not reachable by its key until it is durable against power loss.
            await #expect(throws: BlobError.missing) { try await blobs.store.withFile(staged.key) { _ in } }
            try await blobs.store.commit(staged)
            let key = staged.key.string
            let path = try await blobs.store.withFile(staged.key) { $0.path }
            #expect(path.hasSuffix("\(key.prefix(2))/\(key.dropFirst(2).prefix(2))/\(key)"))
            #expect(try mode(of: URL(fileURLWithPath: path)) == 0o600)
            var folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            while folder.path.hasPrefix(blobs.folder.path), folder.path != blobs.folder.path {
                #expect(try mode(of: folder) == 0o700, "\(folder.lastPathComponent)")
                folder.deleteLastPathComponent()
            }
        }
    }

    private func mode(of url: URL) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? NSNumber)?.intValue
    }

    /// These files hold patients' images that have not been inspected yet.
    @Test func partialFilesAreForTheServiceAlone() async throws {
        try await TestBlobs.with(.disk) { blobs in
            try await blobs.store.partials.begin(BlobKey())
            let walk = FileManager.default.enumerator(at: blobs.folder, includingPropertiesForKeys: [.isDirectoryKey])
            for url in (walk?.allObjects as? [URL]) ?? [] {
                #expect(try #require(try mode(of: url)) & 0o077 == 0, "\(url.lastPathComponent)")
            }
        }
    }

    /// A deleted file's space is freed when the last open handle is closed.
    @Test func aDeletedFileIsClosed() async throws {
        try await TestBlobs.with(.disk) { blobs in
            try await blobs.store.delete(try await blobs.store.put(Data("image".utf8)).key)
            let root = blobs.folder.path
            func open() throws -> [String] {
                let folder = "/proc/self/fd"
                return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
                }.filter { $0.hasPrefix(root) }
            }
            for _ in 0..<200 where try !open().isEmpty { try await Task.sleep(for: .milliseconds(25)) }
            #expect(try open().isEmpty)
        }
    }

    /// A partial file is never copied: a gigabyte would take a minute and twice the space.
    @Test func aWholeUploadIsMoved() async throws {
        try await TestBlobs.with(.disk) { blobs in
            let key = BlobKey()
            try await blobs.store.partials.begin(key)
            _ = try await blobs.store.partials.add(Data([1]), to: key, at: 0)
            func inode(_ url: URL) throws -> NSNumber? {
                try FileManager.default.attributesOfItem(atPath: url.path)[.systemFileNumber] as? NSNumber
            }
            let staged = try await blobs.store.partials.complete(key)
            let before = try await blobs.store.withFile(staged, inode)
            try await blobs.store.commit(staged)
            #expect(try await blobs.store.withFile(key, inode) == before)
            #expect(TestBlobs.files(below: blobs.folder) == [key.string])
        }
    }

    /// The media folder also holds files other than blobs.
    @Test func onlyBlobsAreListed() async throws {
        try await TestBlobs.with(.disk) { blobs in
            let key = try await blobs.store.put(Data([1])).key
            for folder in ["work", "ab/cd", "ab/cd/\(UUID().uuidString)", "AB/CD", "ab"] {
                let folder = blobs.folder.appendingPathComponent(folder)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data().write(to: folder.appendingPathComponent("secret-key"))
            }
            try Data().write(to: blobs.folder.appendingPathComponent("work/\(UUID().uuidString)"))
            #expect(try await blobs.store.allKeys() == [key])
        }
    }
}
