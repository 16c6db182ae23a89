/// Random (version 4) UUIDs in lower case, as Python writes them.
enum UniqueID {
    private static let digits = Array("0123456789abcdef".utf8)

    static func make() -> String {
        var bits = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        bits.0 = bits.0 & ~0xF000 | 0x4000
        bits.1 = bits.1 & ~(0xC << 60) | (0x8 << 60)
        return String(unsafeUninitializedCapacity: 36) { output in
            var place = 0
            for index in 0..<32 {
                if [8, 12, 16, 20].contains(index) {
                    output[place] = UInt8(ascii: "-")
                    place += 1
                }
                let word = index < 16 ? bits.0 : bits.1
                output[place] = digits[Int(word >> UInt64(60 - 4 * (index % 16)) & 0xF)]
                place += 1
            }
            return place
        }
    }
}
