/// Reads a binary header in either byte order, with bounds checks.
struct HeaderBytes {
    let bytes: [UInt8]
    let isBigEndian: Bool

    /// The integer at `offset`; zero beyond the end, which the header's length check rules out.
    func integer<Value: FixedWidthInteger>(_ offset: Int, as type: Value.Type = Value.self) -> Value {
        let width = MemoryLayout<Value>.size
        guard offset >= 0, offset + width <= bytes.count else { return 0 }
        let raw = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
        return isBigEndian ? Value(bigEndian: raw) : Value(littleEndian: raw)
    }

    func float(_ offset: Int) -> Double {
        Double(Float(bitPattern: integer(offset, as: UInt32.self)))
    }

    func double(_ offset: Int) -> Double {
        Double(bitPattern: integer(offset, as: UInt64.self))
    }
}
