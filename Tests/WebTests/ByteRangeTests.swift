import Testing

@testable import Web

struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-3", ByteRange.part(0..<4)), ("bytes=4-", .part(4..<10)), ("bytes=-3", .part(7..<10)),
        ("bytes=0-99", .part(0..<10)), ("bytes=-99", .part(0..<10)), ("bytes=10-", .unsatisfiable),
        ("bytes=-0", .unsatisfiable), ("bytes=5-4", .whole), ("bytes=+0-+1", .whole), ("bytes=--3", .whole),
        ("bytes=0-1,3-4", .whole), ("lines=1-2", .whole),
        ("bytes=a-b", .whole), ("bytes=", .whole), ("bytes=9-9223372036854775807", .part(9..<10)),
    ])
    func readsTheHeader(header: String, expected: ByteRange) {
        #expect(ByteRange(header, size: 10) == expected)
    }

    @Test func anEmptyFileHasNoRange() {
        #expect(ByteRange("bytes=0-0", size: 0) == .unsatisfiable)
    }
}
