import CZlib
import Foundation

/// Writes a gzip file whose bytes depend on the content alone: no time, no name.
final class GzipWriter {
    private let url: URL
    private let file: FileHandle
    private var stream = z_stream()
    private var output = [UInt8](repeating: 0, count: 1 << 18)

    /// - Parameter level: zlib's 1 (fast) to 9 (small).
    /// - Throws: `ImagingError(.diskFull)`, or `.internalFault` where the file cannot be made for another reason.
    init(_ url: URL, level: Int32) throws {
        guard FileManager.default.createFile(atPath: url.path, contents: nil),
            let file = try? FileHandle(forWritingTo: url)
        else { throw Self.failure(url) }
        self.url = url
        self.file = file
        // 15 bits of window, and 16: gzip's frame; zlib leaves its time at zero.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else {
            throw Self.failure(url)
        }
    }

    deinit { deflateEnd(&stream) }

    private static func failure(_ url: URL, _ cause: (any Error)? = nil) -> ImagingError {
        DiskSpace.failure(writing: url, cause: cause, else: "The image cannot be written.")
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var start = 0
        while start < bytes.count {
            // zlib counts in 32 bits.
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + 1 << 24)])
            try deflate(piece, Z_NO_FLUSH)
            start += piece.count
        }
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    func finish() throws {
        try deflate(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH)
        do {
            try file.close()
        } catch {
            throw Self.failure(url, error)
        }
    }

    private func deflate(_ input: UnsafeRawBufferPointer, _ flush: Int32) throws {
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        var isFull = true
        while isFull {
            let produced = try output.withUnsafeMutableBufferPointer { room in
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                guard CZlib.deflate(&stream, flush) != Z_STREAM_ERROR else { throw Self.failure(url) }
                return room.count - Int(stream.avail_out)
            }
            isFull = produced == output.count
            guard produced > 0 else { continue }
            do {
                try file.write(contentsOf: output.prefix(produced))
            } catch {
                throw Self.failure(url, error)
            }
        }
    }
}
