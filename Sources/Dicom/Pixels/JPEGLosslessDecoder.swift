/// JPEG Lossless (ITU-T T.81 process 14, PS3.5 §A.4.2) of one component.
struct JPEGLosslessDecoder {
    private let frame: ArraySlice<UInt8>
    private var tables: [Int: HuffmanTable] = [:]
    private var restartInterval = 0
    private var size: (rows: Int, columns: Int, precision: Int)?

    /// Decodes a frame of `rows` × `columns` values.
    ///
    /// - Throws: `DicomError` if the stream is damaged, of another size, or of another JPEG process.
    static func values(_ frame: ArraySlice<UInt8>, rows: Int, columns: Int) throws(DicomError) -> [UInt16] {
        var decoder = JPEGLosslessDecoder(frame: frame)
        return try decoder.decode(rows: rows, columns: columns)
    }

    private init(frame: ArraySlice<UInt8>) { self.frame = frame }

    static func damaged(_ what: String) -> DicomError {
        DicomError(.damaged, "The JPEG frame is damaged: \(what).", tag: .pixelData)
    }

    private mutating func decode(rows: Int, columns: Int) throws(DicomError) -> [UInt16] {
        var reader = ByteReader(frame)
        reader.isBigEndian = true
        guard reader.peek16() == 0xFFD8 else { throw Self.damaged("it has no start") }
        reader.skip(2)
        while let marker = reader.peek16() {
            // Any number of fill bytes may precede a marker.
            guard marker != 0xFFFF else {
                reader.skip(1)
                continue
            }
            guard marker >= 0xFFC0, let length = reader.peek16(ahead: 2), length >= 2 else { break }
            reader.skip(4)
            guard let segment = reader.take(Int(length) - 2) else { break }
            switch marker {
            case 0xFFC3: try readFrameHeader(segment, rows: rows, columns: columns)
            case 0xFFC4: try readTables(segment)
            case 0xFFDD: restartInterval = segment.count >= 2 ? segment.prefix(2).reduce(0) { $0 << 8 | Int($1) } : 0
            case 0xFFDA: return try scan(segment, frame[reader.position...])
            case 0xFFC0...0xFFC2, 0xFFC5...0xFFC7, 0xFFC9...0xFFCB, 0xFFCD...0xFFCF:
                throw DicomError(.unsupported, "The JPEG frame is of another process than lossless.", tag: .pixelData)
            default: break
            }
        }
        throw Self.damaged("it has no scan")
    }

    private mutating func readFrameHeader(_ segment: ArraySlice<UInt8>, rows: Int, columns: Int) throws(DicomError) {
        let bytes = Array(segment)
        guard bytes.count >= 9, bytes[5] == 1, (2...16).contains(bytes[0]) else {
            throw DicomError(.unsupported, "The JPEG frame has several components.", tag: .pixelData)
        }
        guard Int(bytes[1]) << 8 | Int(bytes[2]) == rows, Int(bytes[3]) << 8 | Int(bytes[4]) == columns else {
            throw Self.damaged("its size is not that of the image")
        }
        size = (rows, columns, Int(bytes[0]))
    }

    private mutating func readTables(_ segment: ArraySlice<UInt8>) throws(DicomError) {
        var rest = segment
        while let kind = rest.first {
            let counts = rest.dropFirst().prefix(16).map(Int.init)
            let total = counts.reduce(0, +)
            let symbols = rest.dropFirst(17).prefix(total)
            guard counts.count == 16, symbols.count == total else { throw Self.damaged("a table is cut short") }
            tables[Int(kind & 15)] = try HuffmanTable(counts: counts, symbols: Array(symbols))
            rest = rest.dropFirst(17 + total)
        }
    }

    private func scan(_ header: ArraySlice<UInt8>, _ data: ArraySlice<UInt8>) throws(DicomError) -> [UInt16] {
        let bytes = Array(header)
        guard bytes.count >= 6, bytes[0] == 1, restartInterval % max(size?.columns ?? 1, 1) == 0, let size,
            let table = tables[Int(bytes[2] >> 4)],
            (1...7).contains(bytes[3]), Int(bytes[5] & 15) < size.precision
        else { throw Self.damaged("its scan does not fit the frame") }
        // A code has at least one bit, which bounds what a false size can allocate.
        guard size.rows * size.columns <= data.count * 8 else { throw Self.damaged("it is cut short") }
        let (predictor, shift) = (Int(bytes[3]), Int(bytes[5] & 15))
        let start = 1 << (size.precision - shift - 1)
        var values = [UInt16](repeating: 0, count: size.rows * size.columns)
        var bits = BitReader(data)
        for place in values.indices {
            let column = place % size.columns
            let sinceRestart = restartInterval > 0 ? place % restartInterval : place
            if sinceRestart == 0, place > 0, !bits.restart() { throw Self.damaged("a restart marker is missing") }
            // The first row after a restart has none above it.
            let kind = sinceRestart < size.columns ? 1 : column == 0 ? 2 : predictor
            let prediction =
                sinceRestart == 0 ? start : Self.prediction(values, place, size.columns, kind)
            guard let difference = table.difference(&bits) else { throw Self.damaged("it is cut short") }
            values[place] = UInt16(truncatingIfNeeded: prediction + difference)
        }
        return shift == 0 ? values : values.map { $0 << UInt16(shift) }
    }

    /// T.81 table H.1, with a to the left, b above and c above a.
    private static func prediction(
        _ values: [UInt16], _ place: Int, _ width: Int, _ predictor: Int
    ) -> Int {
        let left = predictor == 2 ? 0 : Int(values[place - 1])
        guard predictor != 1 else { return left }
        let above = Int(values[place - width])
        guard predictor != 2 else { return above }
        let corner = Int(values[place - width - 1])
        switch predictor {
        case 3: return corner
        case 4: return left + above - corner
        case 5: return left + (above - corner) >> 1
        case 6: return above + (left - corner) >> 1
        default: return (left + above) >> 1
        }
    }
}
