import Foundation
import Testing

@testable import Imaging

/// Unusual and hostile gzip streams.
struct CompressedTests {
    private func gzip(_ bytes: Data, in folder: URL) throws -> Data {
        let file = folder.appendingPathComponent("part-\(UUID().uuidString).gz")
        let writer = try GzipWriter(file, level: 6)
        try writer.write([UInt8](bytes))
        try writer.finish()
        return try Data(contentsOf: file)
    }

    /// As written by bgzip and `cat a.gz b.gz`.
    @Test(arguments: [[200], [352], [352, 5000, 9000], [1, 2, 3]]) func membersFollowEachOther(_ cuts: [Int]) throws {
        try inTemporaryFolder { folder in
            let whole = NIfTIBuilder().bytes
            let ends = cuts + [whole.count]
            var members = Data()
            for (start, end) in zip([0] + cuts, ends) { members += try gzip(whole[start..<end], in: folder) }
            // bgzip ends with an empty member.
            members += try gzip(Data(), in: folder)
            let (plain, packed) = (folder.appendingPathComponent("a.nii"), folder.appendingPathComponent("a.nii.gz"))
            try whole.write(to: plain)
            try members.write(to: packed)
            #expect(try NIfTIFile.readImage(packed).values == NIfTIFile.readImage(plain).values)
            #expect(try NIfTIFile.inspect(packed).contentDigest == NIfTIFile.inspect(plain).contentDigest)
        }
    }

    @Test func aBombIsRefused() throws {
        try inTemporaryFolder { folder in
            let sound = try gzip(NIfTIBuilder().bytes, in: folder)
            let zeros = try gzip(Data(count: 64 << 20), in: folder)
            let inside = try gzip(NIfTIBuilder().bytes + Data(count: 64 << 20), in: folder)
            for bomb in [inside, sound + zeros] {
                let file = folder.appendingPathComponent("bomb.nii.gz")
                try bomb.write(to: file)
                let error = #expect(throws: ImagingError.self) { try NIfTIFile.inspect(file) }
                #expect(error?.message.contains("more data") == true, "\(error?.message ?? "no error")")
            }
        }
    }

    @Test func aMemberCutShortIsRefused() throws {
        try inTemporaryFolder { folder in
            let whole = NIfTIBuilder().bytes
            let members = try gzip(whole.prefix(9000), in: folder) + gzip(whole.dropFirst(9000), in: folder)
            let file = folder.appendingPathComponent("cut.nii.gz")
            for lost in [1, 4, 8, 500] {
                try members.dropLast(lost).write(to: file)
                #expect(throws: ImagingError.self) { try NIfTIFile.inspect(file) }
            }
        }
    }
}
