import Foundation
import Testing

@testable import Imaging

/// NIfTI-2, whose lengths are 64-bit numbers, and the choice between qform and sform.
struct NIfTI2Tests {
    /// A header by the standard's byte offsets, followed by increasing 16-bit integers.
    private struct Builder {
        var bigEndian = false
        var dimensions: [Int64] = [3, 16, 16, 16, 1, 1, 1, 1]
        var spacing: [Double] = [1, 4, 4, 4]
        var quaternion: [Double] = [0, 0, 0]
        var qformCode: Int32 = 0
        var sformCode: Int32 = 2
        var units: Int32 = 2

        var bytes: Data {
            var data = Data(count: 544)
            put(Int32(540), 0, &data)
            data.replaceSubrange(4..<12, with: [0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a])
            put(Int16(4), 12, &data)
            put(Int16(16), 14, &data)
            for (index, length) in dimensions.enumerated() { put(length, 16 + 8 * index, &data) }
            for (index, length) in spacing.enumerated() { put(length.bitPattern, 104 + 8 * index, &data) }
            put(Int64(544), 168, &data)
            put(qformCode, 344, &data)
            put(sformCode, 348, &data)
            for (index, part) in quaternion.enumerated() { put(part.bitPattern, 352 + 8 * index, &data) }
            for (index, part) in [1.0, 2, 3].enumerated() { put(part.bitPattern, 376 + 8 * index, &data) }
            for (index, entry) in [-4.0, 0, 0, 30, 0, 4, 0, -30, 0, 0, 4, -30].enumerated() {
                put(entry.bitPattern, 400 + 8 * index, &data)
            }
            put(units, 500, &data)
            for index in 0..<4096 {
                withUnsafeBytes(of: bigEndian ? Int16(index).bigEndian : Int16(index).littleEndian) {
                    data.append(contentsOf: $0)
                }
            }
            return data
        }

        private func put<Value: FixedWidthInteger>(_ value: Value, _ offset: Int, _ data: inout Data) {
            withUnsafeBytes(of: bigEndian ? value.bigEndian : value.littleEndian) {
                data.replaceSubrange(offset..<offset + $0.count, with: $0)
            }
        }
    }

    private func read(_ builder: Builder, limits: NIfTILimits = .head) throws -> Image {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("two.nii")
            try builder.bytes.write(to: file)
            return try NIfTIFile.readImage(file, limits: limits)
        }
    }

    @Test(arguments: [false, true]) func bothByteOrdersAreRead(_ bigEndian: Bool) throws {
        let image = try read(Builder(bigEndian: bigEndian))
        #expect(image.values == (0..<4096).map(Float.init))
        #expect(image.grid.affine.rows == [-4, 0, 0, 30, 0, 4, 0, -30, 0, 0, 4, -30])
    }

    @Test func theQformCountsOnlyWithoutSform() throws {
        // A half turn about z: x and y are reversed.
        var builder = Builder(quaternion: [0, 0, 1], qformCode: 1)
        #expect(try read(builder, limits: .anyVolume).grid.orientation.description == "LAS")
        // A patient's image whose forms contradict each other in side is rejected.
        #expect(throws: ImagingError.self) { try read(builder) }
        builder.sformCode = 0
        let turned = try read(builder).grid
        #expect(turned.affine.rows == [-4, 0, 0, 1, 0, -4, 0, 2, 0, 0, 4, 3])
        builder.spacing[0] = -1
        #expect(try read(builder).grid.orientation.description == "LPI", "qfac turns the third axis")
        builder.spacing[0] = 0
        #expect(try read(builder).grid == turned, "the standard takes qfac 0 as 1")
    }

    @Test(arguments: [(0, 4.0), (1, 4000), (2, 4), (3, 0.004)]) func unitsBecomeMillimetres(
        _ units: Int32, _ millimetres: Double
    ) throws {
        let grid = try read(Builder(units: units), limits: .anyVolume).grid
        #expect(grid.spacing.allSatisfy { abs($0 / millimetres - 1) < 1e-6 })
        #expect(abs(grid.affine.rows[3] / millimetres - 7.5) < 1e-5)
    }

    @Test(
        arguments: [
            [3, .max, .max, .max, 1, 1, 1, 1], [3, 1 << 32, 1 << 32, 1 << 32, 1, 1, 1, 1],
            [3, .min, 16, 16, 1, 1, 1, 1], [.max, 16, 16, 16, 1, 1, 1, 1], [7, 16, 16, 16, 1, 1, 1, .max],
            [3, 40_000, 16, 16, 1, 1, 1, 1],
        ] as [[Int64]])
    func lengthsBeyondReasonAreRefused(_ dimensions: [Int64]) throws {
        var builder = Builder()
        builder.dimensions = dimensions
        builder.spacing = [1, 0.01, 4, 4]
        let error = #expect(throws: ImagingError.self) { try read(builder) }
        #expect(error?.message.contains("dimension") == true || error?.message.contains("volumes") == true)
    }

    @Test(arguments: [false, true]) func aPlainHeaderKeepsItsUnits(_ bigEndian: Bool) throws {
        let original = Array(Builder(bigEndian: bigEndian).bytes.prefix(544))
        let plain = PlainHeader(try NIfTIHeader(Array(original.prefix(540))), original).bytes
        #expect(plain[500..<504].elementsEqual(original[500..<504]) && plain[499] == 0)
    }
}
