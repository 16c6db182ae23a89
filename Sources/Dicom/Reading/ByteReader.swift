/// A place in a file's bytes; reads past `end` return `nil`.
struct ByteReader {
    let bytes: ArraySlice<UInt8>
    private(set) var position: Int
    /// The end of what may be read.
    var end: Int
    var isBigEndian = false

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
        end = bytes.endIndex
    }

    /// The place in the array of which the bytes are a part.
    var offset: Int { position }
    var remaining: Int { end - position }

    func byte(ahead: Int) -> UInt8? {
        ahead < remaining ? bytes[position + ahead] : nil
    }

    func peek16(ahead: Int = 0) -> UInt16? {
        guard let first = byte(ahead: ahead), let second = byte(ahead: ahead + 1) else { return nil }
        return isBigEndian ? UInt16(first) << 8 | UInt16(second) : UInt16(second) << 8 | UInt16(first)
    }

    func peek32(ahead: Int = 0) -> UInt32? {
        guard let first = peek16(ahead: ahead), let second = peek16(ahead: ahead + 2) else { return nil }
        return isBigEndian ? UInt32(first) << 16 | UInt32(second) : UInt32(second) << 16 | UInt32(first)
    }

    func peekTag() -> Tag? {
        guard let group = peek16(), let element = peek16(ahead: 2) else { return nil }
        return Tag(group, element)
    }

    /// The caller has checked that the bytes exist.
    mutating func skip(_ count: Int) { position = min(position + count, end) }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= remaining else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
