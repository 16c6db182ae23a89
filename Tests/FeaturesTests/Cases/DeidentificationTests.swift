import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features

/// What is kept of an uploaded file names nobody and is the same image.
struct DeidentificationTests {
    @Test(arguments: NamedNIfTI.all) func noByteOfTheNameIsKept(_ named: NamedNIfTI) async throws {
        try await TemporaryFolder.with { folder in
            let uploaded = folder.appendingPathComponent("uploaded")
            try named.bytes.write(to: uploaded)
            #expect(named.bytes.range(of: Data(NamedNIfTI.name.utf8)) != nil)
            let before = try NIfTIFile.readImage(uploaded)

            let blobs = try DiskBlobStore(root: folder.appendingPathComponent("blobs"))
            let inspector = ImageInspector.nifti(threads: 1)
            let staged = try #require(try await inspector.deidentify(uploaded, in: blobs))
            let kept = try Data(contentsOf: staged.url)
            #expect(kept.range(of: Data("SMITH".utf8)) == nil && kept.range(of: Data("JOHN".utf8)) == nil)
            let plain = try #require(try Self.unpacked(staged.url, isCompressed: named.members > 0))
            #expect(plain.range(of: Data("SMITH".utf8)) == nil && plain.range(of: Data("JOHN".utf8)) == nil)
            #expect(plain.count == (named.isSecond ? 544 : 352) + named.voxels.count)
            #expect(plain.suffix(named.voxels.count) == named.voxels)
            #expect(try NIfTIFile.isCompressed(staged.url) == (named.members > 0))

            let after = try NIfTIFile.readImage(staged.url)
            #expect(after.grid == before.grid && after.values == before.values)
            #expect(try NIfTIFile.inspect(staged.url).contentDigest == NIfTIFile.inspect(uploaded).contentDigest)
            // What is clean stays as it is.
            #expect(try await inspector.deidentify(staged.url, in: blobs) == nil)
        }
    }

    private static func unpacked(_ url: URL, isCompressed: Bool) throws -> Data? {
        guard isCompressed else { return try Data(contentsOf: url) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-dc", url.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? data : nil
    }
}
