import Foundation
import Synchronization

/// A synthetic head-sized NIfTI-1 file: an ellipsoid of uniform brain with a bright ball, on a black background.
package enum HeadPhantom {
    private static let size = (i: 80, j: 96, k: 72)
    /// Millimetres.
    private static let spacing: Float = 2

    /// - Parameter brightness: added to every voxel of the head, so that two series differ.
    package static func nifti(brightness: Float = 0) -> Data {
        made.withLock { made in
            if let found = made[brightness] { return found }
            let fresh = make(brightness)
            made[brightness] = fresh
            return fresh
        }
    }

    /// By brightness: half a million voxels are computed once per run, regardless of the number of uploads.
    private static let made = Mutex([Float: Data]())

    private static func make(_ brightness: Float) -> Data {
        var data = header()
        for k in 0..<size.k {
            for j in 0..<size.j {
                for i in 0..<size.i { append(intensity(i, j, k, brightness), to: &data) }
            }
        }
        return data
    }

    /// A mask of head and tumour with the same header.
    package static func labels() -> Data {
        var data = header()
        for k in 0..<size.k {
            for j in 0..<size.j {
                for i in 0..<size.i {
                    let value = intensity(i, j, k, 0)
                    append(value > 800 ? 2 : value > 0 ? 1 : 0, to: &data)
                }
            }
        }
        return data
    }

    /// The head with a header with both qform and sform.
    ///
    /// - Parameter sform: equal to the qform by default.
    package static func withForms(sform: [Float]? = nil) -> Data {
        var data = nifti()
        data[252] = 1
        for row in 0..<3 {
            let place = 292 + 16 * row
            let origin = Data(data[place..<place + 4])
            data.replaceSubrange(268 + 4 * row..<272 + 4 * row, with: origin)
        }
        for (index, entry) in (sform ?? []).enumerated() {
            let place = 280 + 4 * index
            withUnsafeBytes(of: entry.bitPattern.littleEndian) { data.replaceSubrange(place..<place + 4, with: $0) }
        }
        return data
    }

    private static func intensity(_ i: Int, _ j: Int, _ k: Int, _ brightness: Float) -> Float {
        let x = Float(i - size.i / 2) * spacing
        let y = Float(j - size.j / 2) * spacing
        let z = Float(k - size.k / 2) * spacing
        guard x * x / 4900 + y * y / 7225 + z * z / 3600 < 1 else { return 0 }
        let isTumour = (x - 30) * (x - 30) + y * y + (z - 10) * (z - 10) < 324
        // A repeating texture, since a uniform brain has no variance for normalisation.
        return (isTumour ? 900 : 400) + brightness + Float((i * 7 + j * 13 + k * 29) % 41)
    }

    /// The 348 bytes of NIfTI-1 and four of padding, little-endian; the affine is the sform.
    private static func header() -> Data {
        var data = Data(count: 352)
        func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
            withUnsafeBytes(of: value.littleEndian) { data.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }
        func put(_ value: Float, at offset: Int) { put(value.bitPattern, at: offset) }
        put(Int32(348), at: 0)
        for (index, length) in [3, size.i, size.j, size.k, 1, 1, 1, 1].enumerated() {
            put(Int16(length), at: 40 + 2 * index)
        }
        put(Int16(16), at: 70)  // DT_FLOAT32
        put(Int16(32), at: 72)
        for index in 0...3 { put(index == 0 ? 1 : spacing, at: 76 + 4 * index) }
        put(Float(352), at: 108)
        put(Float(1), at: 112)
        data[123] = 2  // millimetres
        put(Int16(1), at: 254)  // sform: scanner coordinates
        let centre = [size.i, size.j, size.k].map { -Float($0) * spacing / 2 }
        for row in 0..<3 {
            for column in 0..<3 { put(row == column ? spacing : 0, at: 280 + 16 * row + 4 * column) }
            put(centre[row], at: 280 + 16 * row + 12)
        }
        data.replaceSubrange(344..<348, with: Data("n+1\0".utf8))
        return data
    }

    private static func append(_ value: Float, to data: inout Data) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
}
