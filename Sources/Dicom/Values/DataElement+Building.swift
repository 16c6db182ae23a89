extension DataElement {
    /// Text values as UTF-8: the data set's Specific Character Set must be `ISO_IR 192` if they are not ASCII.
    package init(_ tag: Tag, _ vr: VR, _ texts: String...) {
        self.init(tag, vr, .bytes(Array(texts.joined(separator: "\\").utf8)[...]))
    }

    /// IS or a binary integer VR.
    package init(_ tag: Tag, _ vr: VR, integers: [Int]) {
        guard vr != .integerString else {
            self.init(tag, vr, .bytes(Array(integers.map(String.init).joined(separator: "\\").utf8)[...]))
            return
        }
        self.init(
            tag, vr,
            .bytes(
                integers.flatMap { number in
                    (0..<vr.width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
                }[...]))
    }

    /// DS, FL or FD.
    package init(_ tag: Tag, _ vr: VR, reals: [Double]) {
        let bytes: [UInt8] =
            switch vr {
            case .float: reals.flatMap { Self.bytes(UInt64(Float($0).bitPattern), count: 4) }
            case .double: reals.flatMap { Self.bytes($0.bitPattern, count: 8) }
            default: Array(reals.map(Self.decimalString).joined(separator: "\\").utf8)
            }
        self.init(tag, vr, .bytes(bytes[...]))
    }

    package init(_ tag: Tag, items: [DataSet]) { self.init(tag, .sequence, .items(items)) }

    private static func bytes(_ word: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }

    /// The nearest number of at most 16 characters (PS3.5 §6.2).
    static func decimalString(_ value: Double) -> String {
        let text = "\(value)"
        guard text.utf8.count > 16 else { return text.hasSuffix(".0") ? String(text.dropLast(2)) : text }
        let parts = text.split(separator: "e", maxSplits: 1)
        let exponent = parts.count > 1 ? "e" + parts[1] : ""
        let room = 16 - exponent.utf8.count
        guard let point = parts[0].firstIndex(of: ".") else { return text }
        let decimals = room - parts[0].distance(from: parts[0].startIndex, to: point) - 1
        guard decimals >= 0, let mantissa = Double(parts[0]) else { return String(text.prefix(16)) }
        var scale = 1.0
        for _ in 0..<min(decimals, 15) { scale *= 10 }
        let rounded = "\((mantissa * scale).rounded() / scale)"
        return String(rounded.prefix(room)) + exponent
    }
}
