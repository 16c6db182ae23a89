import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features

/// A stored upload identifies no one and is the same image.
struct DeidentificationTests {
    @Test(arguments: NamedNIfTI.all) func noByteOfTheNameIsKept(_ named: NamedNIfTI) async throws {
        try await TemporaryFolder.with { folder in
            let uploaded = folder.appendingPathComponent("uploaded")
            try named.bytes.write(to: uploaded)
            #expect(named.bytes.range(of: Data(NamedNIfTI.name.utf8)) != nil)
            let before = try NIfTIFile.readImage(uploaded)

            let blobs = try DiskBlobStore(root: folder.appendingPathComponent("blobs"))
            let inspector = SeriesInspector.nifti(threads: 1)
            let staged = try #require(try await inspector.deidentify(uploaded, in: blobs))
            // On disk the file stays where it is.
            let url = try await blobs.withFile(staged) { $0 }
            let kept = try Data(contentsOf: url)
            #expect(kept.range(of: Data("SMITH".utf8)) == nil && kept.range(of: Data("JOHN".utf8)) == nil)
            let plain = try #require(try Self.unpacked(url, isCompressed: named.members > 0))
            #expect(plain.range(of: Data("SMITH".utf8)) == nil && plain.range(of: Data("JOHN".utf8)) == nil)
            #expect(plain.count == (named.isSecond ? 544 : 352) + named.voxels.count)
            #expect(plain.suffix(named.voxels.count) == named.voxels)
            #expect(try NIfTIFile.isCompressed(url) == (named.members > 0))

            let after = try NIfTIFile.readImage(url)
            #expect(after.grid == before.grid && after.values == before.values)
            #expect(try NIfTIFile.inspect(url).contentDigest == NIfTIFile.inspect(uploaded).contentDigest)
            // Clean values are unchanged.
            #expect(try await inspector.deidentify(url, in: blobs) == nil)
        }
    }

    /// Unused sforms and scalings must not contain text either.
    @Test(arguments: [false, true]) func whatIsNotUsedIsEmpty(_ isBigEndian: Bool) async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appendingPathComponent("uploaded")
            var bytes = Self.withQform(isBigEndian)
            for offset in [280, 296, 312] { bytes.replaceSubrange(offset..<offset + 10, with: Data(Self.name)) }
            // No slope, so the following bytes are not an intercept.
            bytes.replaceSubrange(112..<120, with: [0, 0, 0, 0] + Self.name.prefix(4))
            try bytes.write(to: file)
            let before = try NIfTIFile.readImage(file)
            let blobs = try DiskBlobStore(root: folder.appendingPathComponent("blobs"))
            let staged = try #require(
                try await SeriesInspector.nifti(threads: 1).deidentify(file, in: blobs))
            // On disk the file stays where it is.
            let url = try await blobs.withFile(staged) { $0 }
            let kept = try Data(contentsOf: url)
            #expect(kept.range(of: Data("SMIT".utf8)) == nil && kept.range(of: Data("JOHN".utf8)) == nil)
            let after = try NIfTIFile.readImage(url)
            #expect(after.grid == before.grid && after.values == before.values)

            // Masks on the image's grid repeat only the used forms.
            let mask = folder.appendingPathComponent("mask.nii.gz")
            try NIfTIFile.write(before.mask { $0 > 10 }, forms: NIfTIFile.forms(of: file), to: mask)
            let written = try #require(try Self.unpacked(mask, isCompressed: true))
            #expect(written.range(of: Data("SMITH".utf8)) == nil)
            #expect(try NIfTIFile.readLabels(mask).grid == before.grid)
        }
    }

    /// The compression time is not part of the image.
    @Test func aTimeInTheFrameIsNotKept() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appendingPathComponent("uploaded")
            let blobs = try DiskBlobStore(root: folder.appendingPathComponent("blobs"))
            let inspector = SeriesInspector.nifti(threads: 1)
            try NamedNIfTI(members: 1).bytes.write(to: file)
            let clean = try #require(try await inspector.deidentify(file, in: blobs))
            var bytes = try await blobs.withFile(clean) { try Data(contentsOf: $0) }
            #expect(bytes[4..<8].allSatisfy { $0 == 0 })
            bytes.replaceSubrange(4..<8, with: [1, 2, 3, 4])
            try bytes.write(to: file)
            let again = try #require(try await inspector.deidentify(file, in: blobs))
            #expect(again.sha256 == clean.sha256)
        }
    }

    private static let name = Array(NamedNIfTI.name.utf8)

    /// A header whose qform defines the position, without an sform.
    private static func withQform(_ isBigEndian: Bool) -> Data {
        var bytes = NamedNIfTI(isBigEndian: isBigEndian).bytes
        func put(_ value: Int16, _ offset: Int) {
            withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) {
                bytes.replaceSubrange(offset..<offset + 2, with: $0)
            }
        }
        put(1, 252)
        put(0, 254)
        bytes.replaceSubrange(256..<280, with: Data(count: 24))
        return bytes
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
