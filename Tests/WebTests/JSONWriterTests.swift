import Foundation
import Storage
import Testing

@testable import Features
@testable import Kernel
@testable import Web

@Suite struct JSONWriterTests {
    private static func item(_ text: String, isBlank: Bool = false) throws -> Case {
        Case(
            id: ID(), institutionID: ID(), createdBy: ID(), author: text,
            study: ImagingStudy(date: isBlank ? nil : "2026-01-31"), patientID: text, age: isBlank ? nil : 61,
            sex: isBlank ? nil : .female, status: .processing,
            fieldStrength: isBlank ? nil : .oneAndAHalf, scannerType: text, clinicalHistory: text, indication: "a/b",
            diagnosis: text + text, priority: "normal", notes: "", createdAt: Timestamp(microseconds: -1),
            updatedAt: .now, completedAt: isBlank ? nil : Timestamp(microseconds: 1_700_000_000_000_001),
            reviewReasons: isBlank ? nil : ["\(text) 1.", "b"])
    }

    private static func written(_ value: some JSONWritable) -> String {
        var writer = JSONWriter(capacity: 0)
        value.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func encoded(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encoded(value), as: UTF8.self)
    }

    @Test func aCaseIsWrittenAsItIsEncoded() throws {
        for isBlank in [false, true] {
            let item = try Self.item("Gómez \"the\" \\ 脳\n", isBlank: isBlank)
            #expect(try Self.written(item) == Self.encoded(item))
        }
    }

    @Test func everyCharacterIsEscapedAsTheEncoderDoes() throws {
        let scalars = (0..<0x3000).compactMap(Unicode.Scalar.init) + ["\u{FEFF}", "\u{1F9E0}", "\u{10FFFF}"]
        for scalar in scalars {
            let item = try Self.item("a\(scalar)b")
            #expect(try Self.written(item) == Self.encoded(item), "U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test(arguments: [nil, 3]) func pagesAreWrittenAsTheyAreEncoded(count: Int?) throws {
        for size in 0...3 {
            let items = try (0..<size).map { try Self.item("\($0)") }
            let page = Paged(count: count, next: count.map { "http://h/?page=\($0)" }, previous: nil, results: items)
            #expect(try Self.written(page) == Self.encoded(page))
            #expect(try Self.written(items) == Self.encoded(items))
        }
    }
}
