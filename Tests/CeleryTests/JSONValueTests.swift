import Basics
import Foundation
import Testing

/// The parser and writer of `Basics`, against Foundation's.
struct JSONValueTests {
    @Test(
        arguments: [
            (#"{"a":[1,-2.5,1e3,true,null],"b":{}}"#, ["a": [1, -2.5, 1000.0, true, .null], "b": [:]]),
            (#" "\u00e9\ud83d\ude00\n\"\\\/" "#, "é😀\n\"\\/"), ("0", 0), ("-0", 0),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", 9.223372036854775808e18),
            (#"{"a":1,"a":2}"#, ["a": 2]), ("[]", []),
        ] as [(String, JSONValue)])
    func aTextIsRead(_ text: String, _ expected: JSONValue) throws {
        #expect(try JSONValue(reading: text) == expected)
        #expect(try JSONValue(reading: expected.json) == expected)
    }

    @Test(arguments: [
        "", " ", "[", "[1", "[1,", "[1,]", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{1:2}", "01", "1.", ".5", "-",
        "1e", "1e999", "+1",
        "nul", "NaN", "Infinity", "\"", "\"\u{1}\"", #""\x""#, #""\u12"#, #""\ud800""#, #""\ud800\u0041""#, "1 2",
        "[1]]", "'a'",
    ])
    func whatIsNotJSONIsRefused(_ text: String) {
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(reading: text) }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(reading: [0x22, 0xC3, 0x28, 0x22]) }
    }

    @Test func deepNestingIsRefused() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSONValue(reading: nested(JSONValue.deepest)) }
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(reading: nested(100_000)) }
    }

    /// Whatever bytes: both parsers accept or refuse.
    @Test func foundationAgreesOnMutatedTexts() throws {
        var generator = SystemRandomNumberGenerator()
        let original = Array(#"{"id":"a\u00e9","list":[1,2.5e-3,true,false,null,"x"],"o":{"k":"v"}}"#.utf8)
        let alphabet = Array("{}[]\",:\\0123456789.eE+-truefalsn ".utf8)
        for _ in 0..<3000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                    alphabet.randomElement(using: &generator) ?? 0
            }
            let own = try? JSONValue(reading: bytes)
            let foundation = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect((own == nil) == (foundation == nil), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test func numbersKeepTheirValue() throws {
        for _ in 0..<1000 {
            let number = Double(bitPattern: .random(in: .min ... .max))
            guard number.isFinite else { continue }
            #expect(try JSONValue(reading: JSONValue.number(number).json).asNumber == number)
        }
    }
}
