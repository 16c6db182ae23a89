/// Text with code extensions (PS3.5 §6.1.2.5): escape sequences select the repertoires of codes below and above 128.
struct ISO2022Decoder {
    private let initial: Repertoire
    private var low = Repertoire.ascii
    private var high: Repertoire
    private var run: [UInt8] = []
    private var repertoire = Repertoire.ascii
    private var text = ""

    init(initial: Repertoire) {
        self.initial = initial
        high = initial
    }

    /// Table C.12-3 and C.12-4 of PS3.3, without the escape itself.
    private static let sequences: [(code: [UInt8], isHigh: Bool, repertoire: Repertoire)] = [
        (Array("(B".utf8), false, .ascii), (Array("(J".utf8), false, .ascii), (Array(")I".utf8), true, .katakana),
        (Array("$B".utf8), false, .japanese), (Array("$(D".utf8), false, .japaneseSupplement),
        (Array("$)C".utf8), true, .korean), (Array("$)A".utf8), true, .chinese), (Array("-A".utf8), true, .latin1),
        (Array("-B".utf8), true, .latin2), (Array("-C".utf8), true, .latin3), (Array("-D".utf8), true, .latin4),
        (Array("-F".utf8), true, .greek), (Array("-G".utf8), true, .arabic), (Array("-H".utf8), true, .hebrew),
        (Array("-L".utf8), true, .cyrillic), (Array("-M".utf8), true, .latin5), (Array("-T".utf8), true, .thai),
        (Array("-b".utf8), true, .latin9),
    ]

    mutating func decode(_ bytes: ArraySlice<UInt8>) -> String {
        var place = bytes.startIndex
        while place < bytes.endIndex {
            let byte = bytes[place]
            if byte == 0x1B {
                let rest = bytes[(place + 1)...]
                if let known = Self.sequences.first(where: { rest.starts(with: $0.code) }) {
                    if known.isHigh { high = known.repertoire } else { low = known.repertoire }
                    place += 1 + known.code.count
                    continue
                }
            }
            let used = byte < 0x80 ? low : high
            let width = used.isTwoByte && (byte & 0x7F) >= 0x21 ? min(2, bytes.endIndex - place) : 1
            append(bytes[place..<place + width], of: width == 1 && byte < 0x80 ? .ascii : used)
            // A delimiter selects the initial repertoires again.
            if width == 1, Self.delimiters.contains(byte) { high = initial }
            place += width
        }
        flush()
        return text
    }

    /// Line ends, tabulator, form feed, and what separates values and parts of names.
    private static let delimiters: Set<UInt8> = [0x09, 0x0A, 0x0C, 0x0D, 0x5C, 0x5E, 0x3D]

    private mutating func append(_ bytes: ArraySlice<UInt8>, of next: Repertoire) {
        if next != repertoire { flush() }
        repertoire = next
        run += bytes
    }

    private mutating func flush() {
        text += repertoire.decode(run[...])
        run.removeAll(keepingCapacity: true)
    }
}
