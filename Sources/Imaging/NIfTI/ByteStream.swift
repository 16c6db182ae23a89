import CZlib
import Foundation

/// The decoded bytes of a file, plain or gzip, read in chunks so that memory use does not grow with the file.
final class ByteStream {
    private let file: FileHandle
    private var inflater: GzipInflater?
    private var pending = Data()
    private var position = 0
    /// The number of gzip members started.
    private var members = 1
    /// Whether the first gzip member's header has neither name, comment nor extra fields.
    private let hasPlainFrame: Bool
    /// The file's own length in bytes, compressed or not.
    let fileSize: Int
    private static let pieceSize = 1 << 18

    /// - Throws: `ImagingError(.invalidImage)` if the file is empty or cannot be read.
    init(_ url: URL) throws {
        guard let file = try? FileHandle(forReadingFrom: url), let end = try? file.seekToEnd(),
            (try? file.seek(toOffset: 0)) != nil
        else { throw ImagingError(.invalidImage, "The file cannot be read.") }
        self.file = file
        fileSize = Int(clamping: end)
        guard fileSize > 0 else { throw ImagingError(.invalidImage, "The file is empty.") }
        hasPlainFrame = try Self.hasPlainFrame(file)
        pending = try piece()
        if pending.starts(with: [0x1f, 0x8b]) { inflater = try GzipInflater() }
    }

    deinit { try? file.close() }

    var isCompressed: Bool { inflater != nil }

    /// Fills `buffer` ; returns fewer bytes only at the end of the stream.
    ///
    /// - Throws: `ImagingError(.invalidImage)` if the compressed data is damaged or cut short.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = try inflater == nil ? copy(into: rest) : inflate(into: rest)
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Returns at most `count` bytes; fewer only at the end of the stream.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled = try bytes.withUnsafeMutableBytes { try read(into: $0) }
        bytes.removeLast(count - filled)
        return bytes
    }

    /// Skips `count` bytes; returns false if the stream ends first.
    func skip(_ count: Int) throws -> Bool {
        var rest = count
        while rest > 0 {
            let got = try read(min(rest, Self.pieceSize)).count
            if got == 0 { return false }
            rest -= got
        }
        return true
    }

    /// After the last byte: whether the file is one gzip member without name and time, or not compressed.
    func endsPlainly() throws -> Bool {
        guard isCompressed else { return true }
        return try hasPlainFrame && members == 1 && !refill()
    }

    /// RFC 1952 §2.3.1: the fourth byte is the flags, the next four are the time.
    private static func hasPlainFrame(_ file: FileHandle) throws -> Bool {
        do {
            let frame = try file.read(upToCount: 8) ?? Data()
            try file.seek(toOffset: 0)
            return frame.count == 8 && frame.dropFirst(3).allSatisfy { $0 == 0 }
        } catch {
            throw ImagingError(.invalidImage, "The file cannot be read.")
        }
    }

    private func piece() throws -> Data {
        do {
            return try file.read(upToCount: Self.pieceSize) ?? Data()
        } catch {
            throw ImagingError(.invalidImage, "The file cannot be read.")
        }
    }

    private func refill() throws -> Bool {
        if position < pending.count { return true }
        pending = try piece()
        position = 0
        return !pending.isEmpty
    }

    private func copy(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard try refill() else { return 0 }
        let count = min(buffer.count, pending.count - position)
        let start = pending.startIndex + position
        pending.copyBytes(to: buffer, from: start..<start + count)
        position += count
        return count
    }

    private func inflate(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let inflater else { return 0 }
        while true {
            // A member's last bytes arrive together with its end, so the next member (bgzip) is started by the next
            // call.
            if inflater.isFinished {
                guard try refill(), pending[pending.startIndex + position] == 0x1f else { return 0 }
                try inflater.restart()
                members += 1
            }
            guard try refill() else {
                throw ImagingError(.invalidImage, "The compressed file is truncated. Upload it again.")
            }
            let outcome = try pending.withUnsafeBytes { input in
                try inflater.inflate(UnsafeRawBufferPointer(rebasing: input[position...]), into: buffer)
            }
            position += outcome.consumed
            if outcome.produced > 0 { return outcome.produced }
        }
    }
}

/// zlib's inflater for a gzip stream of one or more members.
final class GzipInflater {
    struct Outcome {
        let consumed: Int
        let produced: Int
    }

    private var stream = z_stream()
    private(set) var isFinished = false

    init() throws {
        // A 15-bit window, plus 16 for the gzip format with its checksum.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw ImagingError(.internalFault, "The decompressor cannot be started.")
        }
    }

    deinit { inflateEnd(&stream) }

    func restart() throws {
        guard inflateReset(&stream) == Z_OK else {
            throw ImagingError(.internalFault, "The decompressor cannot be restarted.")
        }
        isFinished = false
    }

    func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws -> Outcome {
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(clamping: input.count)
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(clamping: output.count)
        let (before, room) = (stream.avail_in, stream.avail_out)
        let status = CZlib.inflate(&stream, Z_NO_FLUSH)
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw ImagingError(.invalidImage, "The compressed file is corrupt. Upload it again.")
        }
        isFinished = status == Z_STREAM_END
        return Outcome(consumed: Int(before - stream.avail_in), produced: Int(room - stream.avail_out))
    }
}
