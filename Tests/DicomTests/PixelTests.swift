import Crypto
import Dicom
import Foundation
import Testing

/// Stored values of native and RLE images are pydicom's; other encodings are refused by name.
struct PixelTests {
    private struct Digests: Decodable {
        let frames: [String]?
        let error: String?
    }

    /// Native and RLE files of pydicom whose pixels are refused, with what the refusal says.
    private static let refused = [
        "SC_ybr_full_422_uncompressed.dcm": "Subsampled colours are not supported."
    ]

    private static func digest(_ values: [Int]) -> String {
        var hash = SHA256()
        values.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func valuesArePydicoms() throws {
        let files = try Peer.testFiles.get()
        let answers: [Digests] = try Peer.answer("pixels.py", files.map(\.path))
        var compared = 0
        for (url, answer) in zip(files, answers) {
            guard let file = try? DicomFile(Peer.bytes(of: url)), file.dataSet[.pixelData] != nil,
                file.transferSyntax.pixels != .unsupported
            else { continue }
            let name = url.lastPathComponent
            do {
                let pixels = try PixelFrames(file)
                let frames = try (0..<pixels.layout.frames).map { Self.digest(try pixels.values(ofFrame: $0)) }
                // pydicom gives up on values of attributes that are not needed here.
                guard let expected = answer.frames else { continue }
                #expect(frames == expected, "\(name)")
                compared += frames.count
            } catch let error as DicomError {
                if answer.frames == nil { continue }
                let refusal = try #require(Self.refused[name], "\(name): \(error)")
                #expect(error.message == refusal)
            }
        }
        #expect(compared > 60, "\(compared) frames")
    }

    @Test func compressedPixelsAreRefusedByName() throws {
        for url in try Peer.testFiles.get() {
            guard let file = try? DicomFile(Peer.bytes(of: url)), file.transferSyntax.pixels == .unsupported,
                file.dataSet[.pixelData] != nil
            else { continue }
            #expect(throws: DicomError.self, "\(url.lastPathComponent)") { try PixelFrames(file) }
            #expect(file.transferSyntax.name.hasPrefix("JPEG"), "\(file.transferSyntax.name)")
        }
    }

    @Test func rleDecodesRunsAndRefusesWhatIsCutShort() throws {
        func image(_ segment: [UInt8], rows: Int = 2) throws -> [Int] {
            let header: [UInt8] = [1, 0, 0, 0, 64, 0, 0, 0] + [UInt8](repeating: 0, count: 56)
            let dataSet = DataSet([
                DataElement(.sopClassUID, .uniqueIdentifier, "1.2"),
                DataElement(.sopInstanceUID, .uniqueIdentifier, "1.3"),
                DataElement(.rows, .unsignedShort, integers: [rows]),
                DataElement(.columns, .unsignedShort, integers: [3]),
                DataElement(.bitsAllocated, .unsignedShort, integers: [8]),
                DataElement(.pixelData, .otherByte, .fragments(offsets: [], [(header + segment)[...]])),
            ])
            return try PixelFrames(DicomFile(DicomFileWriter.bytes(dataSet, syntax: .rle))).values(ofFrame: 0)
        }
        // PackBits: three equal bytes, nothing (-128), then three as they are.
        #expect(try image([0xFE, 7, 0x80, 2, 1, 2, 3]) == [7, 7, 7, 1, 2, 3])
        #expect(throws: DicomError.self) { try image([0xFE, 7, 3, 1]) }
        #expect(throws: DicomError.self) { try image([0xFE, 7], rows: 60_000) }
    }
}
