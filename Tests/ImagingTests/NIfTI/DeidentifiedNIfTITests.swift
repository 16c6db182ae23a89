import Foundation
import Testing

@testable import Imaging

/// A name in a single place is enough for a file to be rewritten; a file without names is unchanged.
struct DeidentifiedNIfTITests {
    struct Place: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: @Sendable (_ plain: Data, _ packed: Data) -> Data

        init(_ name: String, _ bytes: @escaping @Sendable (_ plain: Data, _ packed: Data) -> Data) {
            testDescription = name
            self.bytes = bytes
        }

        /// A field of the header.
        init(_ name: String, at offset: Int) {
            self.init(name) { plain, _ in
                var data = plain
                data.replaceSubrange(offset..<offset + text.count, with: text)
                return data
            }
        }

        /// Content announced by one of gzip's flags, after the ten bytes of the header (RFC 1952 §2.3.1).
        init(_ name: String, flag: UInt8, _ content: Data) {
            self.init(name) { _, packed in
                var data = packed
                data[3] |= flag
                data.insert(contentsOf: content, at: 10)
                return data
            }
        }
    }

    private static let text = Data("SMITH^JOHN".utf8)

    /// Unused fields are not set: its qform has code 0.
    private static var plain: NIfTIBuilder {
        var builder = NIfTIBuilder()
        builder.offset = [0, 0, 0]
        return builder
    }

    private static let places = [
        Place("data_type", at: 4), Place("db_name", at: 14), Place("descrip", at: 148), Place("aux_file", at: 228),
        Place("intent_name", at: 328),
        Place("an extension") { plain, _ in
            var data = plain
            data[348] = 1
            withUnsafeBytes(of: Float(384).bitPattern.littleEndian) { data.replaceSubrange(108..<112, with: $0) }
            var block = Data(count: 32)
            block[0] = 32
            block[4] = 6
            block.replaceSubrange(8..<8 + text.count, with: text)
            data.insert(contentsOf: block, at: 352)
            return data
        },
        Place("bytes behind the voxels") { plain, _ in plain + text },
        Place("a gzip name", flag: 8, text + [0]), Place("a gzip comment", flag: 16, text + [0]),
        Place("an extra field of gzip", flag: 4, Data([UInt8(text.count), 0]) + text),
        Place("bytes behind the gzip member") { _, packed in packed + text },
    ]

    @Test(arguments: places) func onePlaceIsEnough(_ place: Place) throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("named")
            let bytes = place.bytes(Self.plain.bytes, try Self.packed(in: folder))
            #expect(bytes.range(of: Self.text) != nil)
            try bytes.write(to: file)
            let before = try NIfTIFile.readImage(file)
            #expect(try !DeidentifiedNIfTI.isNeedless(for: file))

            let clean = try DeidentifiedNIfTI(file)
            var kept = Data()
            while let piece = try clean.next() { kept.append(piece) }
            #expect(kept.range(of: Self.text) == nil)
            try kept.write(to: file)
            #expect(try DeidentifiedNIfTI.isNeedless(for: file))
            let after = try NIfTIFile.readImage(file)
            #expect(after.grid == before.grid && after.values == before.values)
        }
    }

    @Test func aFileThatNamesNobodyStaysAsItIs() throws {
        try inTemporaryFolder { folder in
            for bytes in [Self.plain.bytes, try Self.packed(in: folder)] {
                let file = folder.appendingPathComponent("plain")
                try bytes.write(to: file)
                #expect(try DeidentifiedNIfTI.isNeedless(for: file))
            }
        }
    }

    private static func packed(in folder: URL) throws -> Data {
        let file = folder.appendingPathComponent("packed.gz")
        let writer = try GzipWriter(file, level: 6)
        try writer.write([UInt8](plain.bytes))
        try writer.finish()
        return try Data(contentsOf: file)
    }
}
