import Dicom
import Foundation
import Testing

/// What DCMTK compresses without loss has the values that were compressed.
struct JPEGLosslessTests {
    private static let size = (rows: 47, columns: 61)

    /// An image with smooth, noisy and extreme parts.
    private static func dataSet(bits: Int, isSigned: Bool) -> (DataSet, [Int]) {
        var mutator = Mutator(seed: UInt64(bits))
        let low = isSigned ? -(1 << (bits - 1)) : 0
        let high = low + (1 << bits) - 1
        let values = (0..<size.rows * size.columns).map { place in
            let row = place / size.columns
            if row < 10 { return min(high, place % size.columns + row) }
            return row < 30 ? low + mutator.next(below: 1 << bits) : place % 2 == 0 ? low : high
        }
        let width = bits > 8 ? 2 : 1
        let bytes = values.flatMap { value in (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let dataSet = DataSet([
            DataElement(.sopClassUID, .uniqueIdentifier, "1.2.840.10008.5.1.4.1.1.4"),
            DataElement(.sopInstanceUID, .uniqueIdentifier, UID.generated()),
            DataElement(.modality, .codeString, "MR"),
            DataElement(.samplesPerPixel, .unsignedShort, integers: [1]),
            DataElement(.photometricInterpretation, .codeString, "MONOCHROME2"),
            DataElement(.rows, .unsignedShort, integers: [size.rows]),
            DataElement(.columns, .unsignedShort, integers: [size.columns]),
            DataElement(.bitsAllocated, .unsignedShort, integers: [8 * width]),
            DataElement(.bitsStored, .unsignedShort, integers: [bits]),
            DataElement(.highBit, .unsignedShort, integers: [bits - 1]),
            DataElement(.pixelRepresentation, .unsignedShort, integers: [isSigned ? 1 : 0]),
            DataElement(.pixelData, width == 2 ? .otherWord : .otherByte, .bytes(bytes[...])),
        ])
        return (dataSet, values)
    }

    private static func compressed(_ dataSet: DataSet, _ options: [String]) throws -> DicomFile {
        try inTemporaryFolder { folder in
            let input = folder.appending(path: "input")
            let output = folder.appending(path: "output")
            try Data(DicomFileWriter.bytes(dataSet)).write(to: input)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/dcmcjpeg")
            process.arguments = options + [input.path, output.path]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            return try DicomFile(Peer.bytes(of: output))
        }
    }

    @Test(arguments: [(8, false), (12, false), (12, true), (16, false), (16, true)])
    func allPredictorsGiveTheValues(_ bits: Int, _ isSigned: Bool) throws {
        let (dataSet, values) = Self.dataSet(bits: bits, isSigned: isSigned)
        for predictor in 1...7 {
            let file = try Self.compressed(dataSet, ["+el", "+sv", "\(predictor)"])
            #expect(file.transferSyntax == .jpegLossless)
            #expect(try PixelFrames(file).values(ofFrame: 0) == values, "predictor \(predictor)")
        }
        let file = try Self.compressed(dataSet, ["+e1"])
        #expect(file.transferSyntax == .jpegLosslessFirstOrder)
        #expect(try PixelFrames(file).values(ofFrame: 0) == values)
    }

    @Test func damagedFramesAreRefusedOrRead() throws {
        let file = try Self.compressed(Self.dataSet(bits: 12, isSigned: false).0, ["+e1"])
        guard case .fragments(_, let parts)? = file.dataSet[.pixelData]?.content, let part = parts.first else {
            Issue.record("no fragments")
            return
        }
        var refused = 0
        for seed in 0..<400 {
            var mutator = Mutator(seed: UInt64(seed))
            var dataSet = file.dataSet
            let changed = mutator.mutated(Array(part))
            dataSet.set(DataElement(.pixelData, .otherByte, .fragments(offsets: [], [changed[...]])))
            let read = try DicomFile(DicomFileWriter.bytes(dataSet, syntax: file.transferSyntax))
            if (try? PixelFrames(read).values(ofFrame: 0)) == nil { refused += 1 }
        }
        #expect(refused > 100 && refused < 400)
    }
}
