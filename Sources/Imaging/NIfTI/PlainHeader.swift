/// A NIfTI header reduced to the position and scaling of the voxels, followed by "no extensions". Fields that no reader
/// uses (a form with code 0, the lengths of absent dimensions, an intercept without a slope) are cleared, since they
/// may contain text.
struct PlainHeader {
    private(set) var bytes: [UInt8]

    static let noExtensions: [UInt8] = [0, 0, 0, 0]

    /// - Parameter original: the file's first bytes.
    init(_ header: NIfTIHeader, _ original: [UInt8]) {
        bytes = [UInt8](repeating: 0, count: header.version.length + Self.noExtensions.count)
        let fields = header.version == .one ? Self.first : Self.second
        for field in fields { bytes.replaceSubrange(field, with: original[field]) }
        let rank = Int(header.dimensions[0].clamped(to: 0...7))
        switch header.version {
        case .one:
            for index in (rank + 1)..<8 { tidy(40 + 2 * index, [0, 1], otherwise: Int16(1), header) }
            tidySpacing(76, header) { Float($0).bitPattern }
            put(Float(bytes.count).bitPattern, at: 108, header)
            tidyForm(code: 252, header.qformCode, used: header.qformCode > 0, 256..<280, Int16.self, header)
            tidyForm(code: 254, header.sformCode, used: header.hasSform, 280..<328, Int16.self, header)
            if !header.hasSlope { empty(112..<116) }
            if !header.hasIntercept { empty(116..<120) }
        case .two:
            for index in (rank + 1)..<8 { tidy(16 + 8 * index, [0, 1], otherwise: Int64(1), header) }
            tidySpacing(104, header) { $0.bitPattern }
            put(Int64(bytes.count), at: 168, header)
            tidyForm(code: 344, header.qformCode, used: header.qformCode > 0, 352..<400, Int32.self, header)
            tidyForm(code: 348, header.sformCode, used: header.hasSform, 400..<496, Int32.self, header)
            if !header.hasSlope { empty(176..<184) }
            if !header.hasIntercept { empty(184..<192) }
            put(Int32(header.units), at: 500, header)
        }
    }

    /// Length, `dim_info`, `dim`, `datatype`, `bitpix`, `pixdim`, scaling, units, both forms, `magic`.
    private static let first = [
        0..<4, 39..<40, 40..<56, 70..<74, 76..<108, 112..<120, 123..<124, 252..<328, 344..<348,
    ]
    private static let second = [
        0..<12, 12..<16, 16..<80, 104..<168, 176..<192, 344..<400, 400..<496, 500..<504, 524..<525,
    ]
    /// The standard's form codes, and the replacement for any other: aligned to something.
    private static let formCodes: ClosedRange<Int32> = 1...5
    private static let anyForm: Int32 = 2

    /// qfac is a sign, and a single volume has no spacing beyond its three axes.
    private mutating func tidySpacing<Value: FixedWidthInteger>(
        _ offset: Int, _ header: NIfTIHeader, _ bits: (Double) -> Value
    ) {
        let sign = bits(header.pixelDimensions[0] < 0 ? -1 : 1)
        tidy(offset, [bits(-1), 0, bits(1)], otherwise: sign, header)
        for index in 4..<8 { tidy(offset + index * Value.bitWidth / 8, [0, bits(1)], otherwise: bits(1), header) }
    }

    private mutating func tidyForm<Code: FixedWidthInteger>(
        code offset: Int, _ value: Int32, used: Bool, _ numbers: Range<Int>, _ type: Code.Type, _ header: NIfTIHeader
    ) {
        guard used else {
            put(Code(0), at: offset, header)
            return empty(numbers)
        }
        if !Self.formCodes.contains(value) { put(Code(Self.anyForm), at: offset, header) }
    }

    /// Replaces values outside `usual` by `otherwise`.
    private mutating func tidy<Value: FixedWidthInteger>(
        _ offset: Int, _ usual: [Value], otherwise: Value, _ header: NIfTIHeader
    ) {
        let value: Value = HeaderBytes(bytes: bytes, isBigEndian: header.isBigEndian).integer(offset)
        if !usual.contains(value) { put(otherwise, at: offset, header) }
    }

    private mutating func empty(_ range: Range<Int>) {
        bytes.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
    }

    private mutating func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int, _ header: NIfTIHeader) {
        withUnsafeBytes(of: header.isBigEndian ? value.bigEndian : value.littleEndian) {
            bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }
}

extension NIfTIHeader {
    /// Whether the writer set a scaling.
    fileprivate var hasSlope: Bool { slope != 0 && !slope.isNaN }
    fileprivate var hasIntercept: Bool { hasSlope && !intercept.isNaN }
}

extension Int64 {
    fileprivate func clamped(to range: ClosedRange<Int64>) -> Int64 {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
