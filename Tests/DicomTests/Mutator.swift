/// Changes bytes as damage and attacks do. The same seed gives the same changes.
struct Mutator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next(below bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 1) % max(1, bound)
    }

    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var changed = bytes
        for _ in 0...next(below: 6) where !changed.isEmpty { change(&changed) }
        return changed
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        // Headers matter more than pixels.
        let place = next(below: next(below: 2) == 0 ? min(bytes.count, 1024) : bytes.count)
        switch next(below: 8) {
        case 0: bytes[place] ^= 1 << UInt8(next(below: 8))
        case 1: bytes[place] = UInt8(next(below: 256))
        case 2: bytes.removeLast(bytes.count - place)
        case 3: overwrite(&bytes, at: place, with: Self.lengths[next(below: Self.lengths.count)])
        case 4: overwrite(&bytes, at: place, with: Self.delimiters[next(below: Self.delimiters.count)])
        case 5:
            let end = min(bytes.count, place + 1 + next(below: 64))
            bytes.removeSubrange(place..<end)
        case 6:
            let end = min(bytes.count, place + 1 + next(below: 256))
            bytes.insert(contentsOf: bytes[place..<end], at: next(below: bytes.count))
        default:
            let vr = Self.representations[next(below: Self.representations.count)]
            overwrite(&bytes, at: place, with: vr)
        }
    }

    private func overwrite(_ bytes: inout [UInt8], at place: Int, with value: [UInt8]) {
        for (index, byte) in value.enumerated() where place + index < bytes.count { bytes[place + index] = byte }
    }

    private static let lengths: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0], [0xFE, 0xFF, 0xFF, 0xFF], [1, 0, 0, 0],
        [0, 0, 1, 0], [0xFF, 0xFF], [0xFE, 0xFF],
    ]
    private static let delimiters: [[UInt8]] = [
        [0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF], [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0],
        [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0], [0x1B, 0x24, 0x42], [0x1B, 0x24, 0x29, 0x43],
    ]
    private static let representations = ["SQ", "UN", "OB", "OW", "UT", "DS", "PN", "FD", "AT", "US"].map {
        Array($0.utf8)
    }
}
