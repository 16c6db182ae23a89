/// RLE Lossless (PS3.5 annex G).
enum RLEDecoder {
    private static let headerSize = 64

    /// Decodes a frame into `count` planes of `length` bytes.
    ///
    /// - Throws: `DicomError` if the frame has other segments, or one of them is cut short.
    static func planes(_ frame: ArraySlice<UInt8>, count: Int, length: Int) throws -> [[UInt8]] {
        let reader = ByteReader(frame)
        guard let stated = reader.peek32(), Int(stated) == count, count <= 15 else {
            throw DicomError(
                .damaged, "The RLE frame does not have the \(count) segments of its pixels.", tag: .pixelData)
        }
        var starts = (0..<count).compactMap { reader.peek32(ahead: 4 + 4 * $0).map(Int.init) }
        starts.append(frame.count)
        return try zip(starts, starts.dropFirst()).map { start, end in
            guard start >= headerSize, start <= end, end <= frame.count else {
                throw DicomError(.damaged, "The RLE frame's segments are not within it.", tag: .pixelData)
            }
            return try plane(frame[(frame.startIndex + start)..<(frame.startIndex + end)], length: length)
        }
    }

    private static func plane(_ segment: ArraySlice<UInt8>, length: Int) throws -> [UInt8] {
        let cutShort = DicomError(.damaged, "A segment of the RLE frame is cut short.", tag: .pixelData)
        // Two bytes make at most 128, which bounds what a false size can allocate.
        guard length <= segment.count * 64 else { throw cutShort }
        var output: [UInt8] = []
        output.reserveCapacity(length)
        var place = segment.startIndex
        while output.count < length {
            guard place < segment.endIndex else { throw cutShort }
            let control = Int8(bitPattern: segment[place])
            place += 1
            if control >= 0 {
                let count = Int(control) + 1
                guard count <= segment.endIndex - place else { throw cutShort }
                output += segment[place..<place + count]
                place += count
            } else if control != -128 {
                guard place < segment.endIndex else { throw cutShort }
                output.append(contentsOf: repeatElement(segment[place], count: 1 - Int(control)))
                place += 1
            }
        }
        if output.count > length { output.removeLast(output.count - length) }
        return output
    }
}
