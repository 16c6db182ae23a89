import Foundation
import Testing

/// Writes NIfTI-1 files by the standard's byte offsets, valid or broken as required.
struct NIfTIBuilder {
    struct Scalar: Sendable, CustomTestStringConvertible {
        let code: Int16
        let bits: Int16
        let isFloat: Bool
        var testDescription: String { "datatype \(code)" }
    }

    static let scalars = [
        Scalar(code: 2, bits: 8, isFloat: false), Scalar(code: 4, bits: 16, isFloat: false),
        Scalar(code: 8, bits: 32, isFloat: false), Scalar(code: 16, bits: 32, isFloat: true),
        Scalar(code: 64, bits: 64, isFloat: true), Scalar(code: 256, bits: 8, isFloat: false),
        Scalar(code: 512, bits: 16, isFloat: false), Scalar(code: 768, bits: 32, isFloat: false),
        Scalar(code: 1024, bits: 64, isFloat: false), Scalar(code: 1280, bits: 64, isFloat: false),
    ]

    var bigEndian = false
    var type = scalars[3]
    var slope: Float = 1
    var intercept: Float = 0
    var dimensions: [Int16] = [3, 16, 16, 16, 1, 1, 1, 1]
    var spacing: [Float] = [1, 4, 4, 4]
    var sformCode: Int16 = 1
    var sform: [Float] = [4, 0, 0, -30, 0, 4, 0, -30, 0, 0, 4, -30]
    var qformCode: Int16 = 0
    var quaternion: [Float] = [0, 0, 0]
    var offset: [Float] = [-30, -30, -30]
    var magic = "n+1"
    var value: (Int) -> Double = { Double($0 % 50) }
    var dropped = 0

    var bytes: Data {
        var data = Data(count: 352)
        put(Int32(348), 0, &data)
        for (index, length) in dimensions.enumerated() { put(length, 40 + 2 * index, &data) }
        put(type.code, 70, &data)
        put(type.bits, 72, &data)
        for (index, length) in spacing.enumerated() { put(length.bitPattern, 76 + 4 * index, &data) }
        put(Float(352).bitPattern, 108, &data)
        put(slope.bitPattern, 112, &data)
        put(intercept.bitPattern, 116, &data)
        data[123] = 2
        put(qformCode, 252, &data)
        put(sformCode, 254, &data)
        for (index, part) in (quaternion + offset + sform).enumerated() {
            put(part.bitPattern, 256 + 4 * index, &data)
        }
        data.replaceSubrange(344..<347, with: Data(magic.utf8))
        for index in 0..<4096 { append(value(index), &data) }
        return data.dropLast(dropped)
    }

    private func put<Value: FixedWidthInteger>(_ value: Value, _ offset: Int, _ data: inout Data) {
        withUnsafeBytes(of: bigEndian ? value.bigEndian : value.littleEndian) {
            data.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    private func append(_ value: Double, _ data: inout Data) {
        func add<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: bigEndian ? number.bigEndian : number.littleEndian) { data.append(contentsOf: $0) }
        }
        switch (type.isFloat, type.bits) {
        case (true, 32): add(Float(value).bitPattern)
        case (true, _): add(value.bitPattern)
        case (false, 8): add(UInt8(value))
        case (false, 16): add(UInt16(value))
        case (false, 32): add(UInt32(value))
        default: add(UInt64(value))
        }
    }
}

/// A broken or unusable file and a word that its rejection must contain.
struct BadNIfTI: Sendable, CustomTestStringConvertible {
    let name: String
    let word: String
    let bytes: Data
    var testDescription: String { name }

    private init(_ name: String, _ word: String, _ change: (inout NIfTIBuilder) -> Void) {
        var builder = NIfTIBuilder()
        change(&builder)
        self.init(name, word, bytes: builder.bytes)
    }

    private init(_ name: String, _ word: String, bytes: Data) {
        self.name = name
        self.word = word
        self.bytes = bytes
    }

    static let all = [
        BadNIfTI("empty", "empty", bytes: Data()),
        BadNIfTI("text", "NIfTI", bytes: Data(String(repeating: "This is no image. ", count: 40).utf8)),
        BadNIfTI("short header", "header", bytes: NIfTIBuilder().bytes.prefix(200)),
        BadNIfTI("cut data", "truncated") { $0.dropped = 100 },
        BadNIfTI("four dimensions", "volume") { $0.dimensions = [4, 16, 16, 8, 2, 1, 1, 1] },
        BadNIfTI("not a number", "finite") { $0.value = { $0 == 77 ? .nan : Double($0) } },
        BadNIfTI("infinite", "finite") { $0.value = { $0 == 77 ? .infinity : Double($0) } },
        BadNIfTI("no spacing", "spacing") { $0.spacing = [1, 4, 0, 4] },
        BadNIfTI("negative dimension", "dimension") { $0.dimensions = [3, 16, -16, 16, 1, 1, 1, 1] },
        BadNIfTI("a terabyte", "million") { $0.dimensions = [3, 32767, 32767, 1024, 1, 1, 1, 1] },
        BadNIfTI("colours", ".") { $0.type = NIfTIBuilder.Scalar(code: 128, bits: 24, isFloat: false) },
        BadNIfTI("complex", ".") { $0.type = NIfTIBuilder.Scalar(code: 32, bits: 64, isFloat: true) },
        BadNIfTI("bits that contradict", "contradict") {
            $0.type = NIfTIBuilder.Scalar(code: 16, bits: 16, isFloat: false)
        },
        BadNIfTI("no orientation", "patient") { $0.sformCode = 0 },
        BadNIfTI("all zero", "zero") { $0.value = { _ in 0 } },
        BadNIfTI("all alike", "same value") { $0.value = { _ in 3 } },
        BadNIfTI("a pair's half", "pair") { $0.magic = "ni1" },
    ]
}
