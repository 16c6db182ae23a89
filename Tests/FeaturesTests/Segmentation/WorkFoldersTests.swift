import Foundation
import Storage
import TestSupport
import Testing

@testable import Features

struct WorkFoldersTests {
    /// With less space, a run would compute for minutes and then fail.
    @Test(.enabled(if: SmallDisk.isAvailable, "no file system can be mounted here: run the tests as root"))
    func aRunBeginsWhereItsMasksHaveRoom() async throws {
        try await SmallDisk.with(megabytes: 16) { disk in
            let error = #expect(throws: BlobError.self) { _ = try WorkFolders(root: disk).make() }
            #expect(error == .fileSystem(ENOSPC))
            let left = try FileManager.default.contentsOfDirectory(atPath: disk.path)
            #expect(left.isEmpty)
        }
        try await SmallDisk.with(megabytes: 80) { disk in
            let folder = try WorkFolders(root: disk).make()
            let inside = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(inside.isEmpty)
        }
    }
}
