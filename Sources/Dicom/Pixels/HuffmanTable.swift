/// A Huffman table of lossless JPEG (ITU-T T.81 annex C, F.2.2.3): codes for the number of bits of a difference.
struct HuffmanTable {
    /// By length from 1: the first code, the number of codes, and the place of the first symbol.
    private let lengths: [(first: Int, count: Int, symbol: Int)]
    private let symbols: [UInt8]

    init(counts: [Int], symbols: [UInt8]) throws(DicomError) {
        var found: [(first: Int, count: Int, symbol: Int)] = []
        var code = 0
        var symbol = 0
        for (index, count) in counts.enumerated() {
            guard code + count <= 1 << (index + 1) else {
                throw JPEGLosslessDecoder.damaged("a table has too many codes")
            }
            found.append((code, count, symbol))
            code = (code + count) << 1
            symbol += count
        }
        guard symbols.allSatisfy({ $0 <= 16 }) else {
            throw JPEGLosslessDecoder.damaged("a table is not a lossless one")
        }
        lengths = found
        self.symbols = symbols
    }

    /// The next difference; `nil` at the end of the data or for a code that is not in the table.
    func difference(_ bits: inout BitReader) -> Int? {
        var code = 0
        for length in lengths {
            guard let bit = bits.next() else { return nil }
            code = code << 1 | bit
            if code - length.first < length.count, code >= length.first {
                return Self.difference(ofSize: Int(symbols[length.symbol + code - length.first]), &bits)
            }
        }
        return nil
    }

    /// Category 16 means 32768 and has no further bits (T.81 H.1.2.2); other categories are extended as in F.2.2.1.
    private static func difference(ofSize size: Int, _ bits: inout BitReader) -> Int? {
        if size == 0 { return 0 }
        if size == 16 { return 32768 }
        var value = 0
        for _ in 0..<size {
            guard let bit = bits.next() else { return nil }
            value = value << 1 | bit
        }
        return value < 1 << (size - 1) ? value - (1 << size) + 1 : value
    }
}

/// The bits of a JPEG scan from the highest of a byte; a zero after FF is no data.
struct BitReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var current: UInt8 = 0
    private var left = 0

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// `nil` at a marker or the end.
    mutating func next() -> Int? {
        if left == 0 {
            guard position < bytes.endIndex else { return nil }
            current = bytes[position]
            if current == 0xFF {
                guard position + 1 < bytes.endIndex, bytes[position + 1] == 0 else { return nil }
                position += 1
            }
            position += 1
            left = 8
        }
        left -= 1
        return Int(current >> UInt8(left)) & 1
    }

    /// Continues after the next restart marker; returns false if there is none here.
    mutating func restart() -> Bool {
        left = 0
        guard position + 1 < bytes.endIndex, bytes[position] == 0xFF, (0xD0...0xD7).contains(bytes[position + 1]) else {
            return false
        }
        position += 2
        return true
    }
}
