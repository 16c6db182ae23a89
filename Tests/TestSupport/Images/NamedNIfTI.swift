import Foundation

/// Image files with a patient's name wherever NIfTI and gzip allow free text.
package struct NamedNIfTI: Sendable, CustomStringConvertible {
    package static let name = "SMITH^JOHN"

    package var isSecond = false
    package var isBigEndian = false
    /// The number of gzip members; 0 is an uncompressed file.
    package var members = 0
    /// Different seeds give different images.
    package var seed = 0

    package init(isSecond: Bool = false, isBigEndian: Bool = false, members: Int = 0, seed: Int = 0) {
        self.seed = seed
        self.isSecond = isSecond
        self.isBigEndian = isBigEndian
        self.members = members
    }

    package static let all = [false, true].flatMap { second in
        [false, true].flatMap { big in
            [0, 1, 3].map { NamedNIfTI(isSecond: second, isBigEndian: big, members: $0) }
        }
    }

    package var description: String {
        "NIfTI-\(isSecond ? 2 : 1), \(isBigEndian ? "big" : "little")-endian, \(members) gzip members"
    }

    /// The file.
    package var bytes: Data {
        let plain = named
        guard members > 0 else { return plain }
        let length = plain.count / members + 1
        var data = Data()
        for start in stride(from: 0, to: plain.count, by: length) {
            data.append(Self.gzip(Data(plain.dropFirst(start).prefix(length))))
        }
        // All readers skip bytes after the last member.
        data.append(Data(Self.name.utf8))
        return data
    }

    /// Stored voxels: 16 × 16 × 16 16-bit integers.
    package var voxels: Data {
        var data = Data()
        for index in 0..<4096 {
            let value = index + (seed * index) % 31
            append(Int16(value % 997), to: &data)
        }
        return data
    }

    /// Fields that no reader uses in this file: `pixdim[5...7]` of one volume, the display range, the qform, whose code
    /// is 0.
    private var unused: [Int] { isSecond ? [144, 192, 352, 376] : [96, 124, 256, 268] }

    private var named: Data {
        var data = Data(count: isSecond ? 544 : 352)
        let extensionLength = 32
        if isSecond { fillSecond(&data) } else { fillFirst(&data) }
        for offset in (isSecond ? [240, 320, 508, 525] : [4, 14, 148, 228, 328]) + unused {
            data.replaceSubrange(offset..<offset + Self.name.utf8.count, with: Data(Self.name.utf8))
        }
        data[data.count - 4] = 1
        append(Int32(extensionLength), to: &data)
        append(Int32(6), to: &data)
        data.append(Data(Self.name.utf8))
        data.append(Data(count: extensionLength - 8 - Self.name.utf8.count))
        data.append(voxels)
        data.append(Data(Self.name.utf8))
        return data
    }

    private func fillFirst(_ data: inout Data) {
        put(Int32(348), 0, &data)
        for (index, length) in [7, 16, 16, 16, 1, 1, 1, 1].enumerated() { put(Int16(length), 40 + 2 * index, &data) }
        put(Int16(4), 70, &data)
        put(Int16(16), 72, &data)
        for index in 0...3 { put(Float(index == 0 ? 1 : 4).bitPattern, 76 + 4 * index, &data) }
        put(Float(384).bitPattern, 108, &data)
        put(Float(2).bitPattern, 112, &data)
        put(Float(-3).bitPattern, 116, &data)
        data[123] = 2
        put(Int16(1), 254, &data)
        for (index, entry) in Self.affine.enumerated() { put(Float(entry).bitPattern, 280 + 4 * index, &data) }
        data.replaceSubrange(344..<347, with: Data("n+1".utf8))
    }

    private func fillSecond(_ data: inout Data) {
        put(Int32(540), 0, &data)
        data.replaceSubrange(4..<12, with: [0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a])
        put(Int16(4), 12, &data)
        put(Int16(16), 14, &data)
        for (index, length) in [7, 16, 16, 16, 1, 1, 1, 1].enumerated() { put(Int64(length), 16 + 8 * index, &data) }
        for index in 0...3 { put(Double(index == 0 ? 1 : 4).bitPattern, 104 + 8 * index, &data) }
        put(Int64(576), 168, &data)
        put(Double(2).bitPattern, 176, &data)
        put(Double(-3).bitPattern, 184, &data)
        put(Int32(1), 348, &data)
        for (index, entry) in Self.affine.enumerated() { put(entry.bitPattern, 400 + 8 * index, &data) }
        put(Int32(2), 500, &data)
    }

    private static let affine = [-4.0, 0, 0, 30, 0, 4, 0, -30, 0, 0, 4, -30]

    private func put<Value: FixedWidthInteger>(_ value: Value, _ offset: Int, _ data: inout Data) {
        withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) {
            data.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    private func append<Value: FixedWidthInteger>(_ value: Value, to data: inout Data) {
        withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { data.append(contentsOf: $0) }
    }

    // MARK: gzip

    /// One member with a name, a comment and an extra field (RFC 1952), and stored (uncompressed) bytes.
    package static func gzip(_ bytes: Data) -> Data {
        let name = Data(name.utf8)
        var data = Data([0x1f, 0x8b, 8, 0x1c, 0, 0, 0, 0, 0, 3])
        func add<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
        }
        add(UInt16(name.count))
        for part in [name, name, Data([0]), name, Data([0])] { data.append(part) }
        let pieces = stride(from: 0, to: bytes.count, by: 65_535).map { bytes.dropFirst($0).prefix(65_535) }
        for (number, piece) in pieces.enumerated() {
            data.append(number + 1 == pieces.count ? 1 : 0)
            add(UInt16(piece.count))
            add(~UInt16(piece.count))
            data.append(piece)
        }
        add(checksum(bytes))
        add(UInt32(truncatingIfNeeded: bytes.count))
        return data
    }

    /// CRC-32 bit by bit.
    private static func checksum(_ bytes: Data) -> UInt32 {
        let polynomial: UInt32 = 0xedb8_8320
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 {
                let isOdd = value & 1 == 1
                value >>= 1
                if isOdd { value ^= polynomial }
            }
        }
        return ~value
    }
}
