import Basics
import Crypto
import Foundation

/// Summarises an image's values chunk by chunk: range, share of non-zero voxels, and digests.
package struct VoxelDigest: Sendable {
    package private(set) var minimum = Float.infinity
    package private(set) var maximum = -Float.infinity
    package private(set) var nonZeroCount = 0
    package private(set) var count = 0
    package private(set) var isFinite = true
    private var hash = SHA256()
    private var sum: UInt64 = 0
    private var mixedSum: UInt64 = 0

    /// Begins with the geometry, so that equal digests mean equal images at equal positions.
    package init(grid: VoxelGrid) {
        var geometry = grid.size.lengths.map { UInt64($0).littleEndian }
        geometry += grid.affine.rows.map { UInt64(Float($0).bitPattern).littleEndian }
        geometry.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    package init(of image: Image) {
        self.init(grid: image.grid)
        image.values.withUnsafeBufferPointer { add($0) }
    }

    package mutating func add(_ values: UnsafeBufferPointer<Float>) {
        var (low, high, nonZero, finite, plain, mixed) = (minimum, maximum, 0, true, UInt64(0), UInt64(0))
        for index in 0..<values.count {
            let value = values[index]
            if value < low { low = value }
            if value > high { high = value }
            if value == 0 { continue }
            nonZero += 1
            let bits = UInt64(value.bitPattern)
            // Infinities and NaN have all exponent bits set.
            if bits & 0x7f80_0000 == 0x7f80_0000 { finite = false }
            var scrambled = bits &* 0x9e37_79b9_7f4a_7c15
            scrambled ^= scrambled >> 29
            plain &+= scrambled
            mixed &+= scrambled &* scrambled | 1
        }
        (minimum, maximum) = (low, high)
        nonZeroCount += nonZero
        count += values.count
        isFinite = isFinite && finite
        sum &+= plain
        mixedSum &+= mixed
        hash.update(bufferPointer: UnsafeRawBufferPointer(values))
    }

    /// SHA-256, hexadecimal, over size, affine and values: independent of compression, byte order and storage type.
    package var contentDigest: String {
        hash.finalize().hexadecimal
    }

    /// A fingerprint of the values regardless of position: detects the same image mirrored, rotated, padded or with
    /// another header.
    package var valuesDigest: String {
        [UInt64(nonZeroCount), sum, mixedSum].map { String(format: "%016llx", $0) }.joined()
    }
}
