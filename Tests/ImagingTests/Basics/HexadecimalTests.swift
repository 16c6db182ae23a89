import Basics
import Testing

/// Digests and signatures as text: two digits per byte, and nothing else is accepted.
struct HexadecimalTests {
    @Test func everyByteHasTwoDigits() {
        #expect([UInt8]([0, 9, 10, 15, 16, 127, 128, 255]).hexadecimal == "00090a0f107f80ff")
        #expect([UInt8]().hexadecimal.isEmpty)
    }

    @Test func everyByteIsReadBack() {
        let all = (0...255).map { UInt8($0) }
        #expect([UInt8](hexadecimal: all.hexadecimal) == all)
        #expect([UInt8](hexadecimal: "") == [])
    }

    /// A malformed signature must not be compared as a shorter one.
    @Test(arguments: ["0", "abc", "AB", "0g", "0x12", " ab", "ab ", "аб"]) func anythingElseIsRefused(_ text: String) {
        #expect([UInt8](hexadecimal: text) == nil)
    }
}
