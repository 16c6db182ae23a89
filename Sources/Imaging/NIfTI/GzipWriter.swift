import Basics
import CZlib
import Foundation

/// Writes a gzip file whose bytes depend only on the content: no time, no name.
final class GzipWriter {
    private let url: URL
    private let file: FileHandle
    private let deflater: GzipDeflater

    /// - Parameter level: zlib's 1 (fast) to 9 (small).
    /// - Throws: `ImagingError(.diskFull)`, or `.internalFault` if the file cannot be created for another reason.
    init(_ url: URL, level: Int32) throws {
        guard FileManager.default.createFile(atPath: url.path, contents: nil),
            let file = try? FileHandle(forWritingTo: url)
        else { throw Self.failure(url) }
        self.url = url
        self.file = file
        deflater = try GzipDeflater(level: level)
    }

    private static func failure(_ url: URL, _ cause: (any Error)? = nil) -> ImagingError {
        DiskSpace.failure(writing: url, cause: cause, else: "The image cannot be written.")
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try deflater.deflate(bytes) { try put($0) }
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    func finish() throws {
        try deflater.finish { try put($0) }
        do {
            try file.close()
        } catch {
            throw Self.failure(url, error)
        }
    }

    private func put(_ bytes: ArraySlice<UInt8>) throws {
        do {
            try file.write(contentsOf: bytes)
        } catch {
            throw Self.failure(url, error)
        }
    }
}

/// zlib's deflater for one gzip member without time and name.
final class GzipDeflater {
    private var stream = z_stream()
    private var output = [UInt8](repeating: 0, count: 1 << 18)

    static let failure = ImagingError(.internalFault, "The image cannot be compressed.")

    /// - Parameter level: zlib's 1 (fast) to 9 (small).
    init(level: Int32) throws {
        // A 15-bit window, plus 16 for the gzip format; zlib leaves its time at zero.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { throw Self.failure }
    }

    deinit { deflateEnd(&stream) }

    /// - Parameter put: receives the output in chunks.
    func deflate(_ bytes: UnsafeRawBufferPointer, _ put: (ArraySlice<UInt8>) throws -> Void) throws {
        var start = 0
        while start < bytes.count {
            // zlib counts in 32 bits.
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + 1 << 24)])
            try step(piece, Z_NO_FLUSH, put)
            start += piece.count
        }
    }

    func finish(_ put: (ArraySlice<UInt8>) throws -> Void) throws {
        try step(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH, put)
    }

    private func step(
        _ input: UnsafeRawBufferPointer, _ flush: Int32, _ put: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        var isFull = true
        while isFull {
            let produced = try output.withUnsafeMutableBufferPointer { room in
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                guard CZlib.deflate(&stream, flush) != Z_STREAM_ERROR else { throw Self.failure }
                return room.count - Int(stream.avail_out)
            }
            isFull = produced == output.count
            if produced > 0 { try put(output.prefix(produced)) }
        }
    }
}
