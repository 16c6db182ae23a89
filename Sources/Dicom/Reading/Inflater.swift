import CZlib

/// The raw deflate stream of a deflated data set (PS3.5 §A.5, RFC 1951).
enum Inflater {
    private static let pieceSize = 1 << 16

    /// - Throws: `DicomError` if the stream is damaged or its content exceeds `limit` bytes.
    static func inflate(_ bytes: ArraySlice<UInt8>, limit: Int) throws -> [UInt8] {
        var stream = z_stream()
        // Negative window bits: no zlib header.
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw DicomError(.unsupported, "The decompressor cannot be started.")
        }
        defer { inflateEnd(&stream) }
        // zlib takes a mutable pointer, but only reads.
        var input = Array(bytes)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceSize)
        try input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(clamping: input.count)
            var status = Z_OK
            while status != Z_STREAM_END {
                let produced = piece.withUnsafeMutableBufferPointer { buffer in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(buffer.count)
                    status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    return buffer.count - Int(stream.avail_out)
                }
                guard status == Z_OK || status == Z_STREAM_END, produced > 0 || status == Z_STREAM_END else {
                    throw DicomError(.damaged, "The deflated data set is damaged or cut short.")
                }
                guard output.count + produced <= limit else {
                    throw DicomError(.tooLarge, "The deflated data set inflates to more than \(limit >> 20) MiB.")
                }
                output.append(contentsOf: piece[..<produced])
            }
        }
        return output
    }
}
