import Foundation
import Kernel
import NIOCore

/// Reads `multipart/form-data` (RFC 7578) incrementally: at most one network chunk is in memory, and content between
/// delimiters is passed on without copying.
struct MultipartReader<Source: AsyncIteratorProtocol> where Source.Element == ByteBuffer {
    /// The headers of a part.
    struct Part: Equatable {
        let name: String
        let filename: String?
    }

    private var source: Source
    private let delimiter: [UInt8]
    private var pending: ByteBuffer
    private var isAtDelimiter = false
    private var hasEnded = false

    private static var headLimit: Int { 16_384 }
    /// Each part takes time; real forms have fewer than a tenth of this.
    private static var partLimit: Int { 100 }
    private var parts = 0

    /// - Parameter contentType: the request's, with the boundary.
    init(_ source: Source, contentType: String?) throws {
        guard let boundary = Self.boundary(in: contentType ?? "") else {
            throw AppError.invalid("file", "Send the file as multipart/form-data with a boundary.")
        }
        self.source = source
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter is at the very beginning, without the line end of the others.
        pending = ByteBuffer(string: "\r\n")
    }

    private static func boundary(in contentType: String) -> String? {
        let header = HeaderParameters(contentType)
        guard header.value == "multipart/form-data", let boundary = header["boundary"] else { return nil }
        let isValid = boundary.utf8.allSatisfy { (32..<127).contains($0) }
        return isValid && (1...70).contains(boundary.utf8.count) ? boundary : nil
    }

    /// Skips the rest of the current part and returns the next one; `nil` at the end.
    mutating func nextPart() async throws -> Part? {
        while try await nextChunk() != nil {}
        guard !hasEnded else { return nil }
        try await fill(atLeast: delimiter.count + 2)
        pending.moveReaderIndex(forwardBy: delimiter.count)
        try await skipPadding()
        switch pending.readString(length: 2) {
        case "--":
            hasEnded = true
            return nil
        case "\r\n":
            isAtDelimiter = false
            parts += 1
            guard parts <= Self.partLimit else {
                throw AppError.invalid("file", "Too many form parts. The limit is \(Self.partLimit).")
            }
            return try await head()
        default: throw Self.malformed
        }
    }

    /// RFC 2046 §5.1.1 allows white space after a delimiter.
    private mutating func skipPadding() async throws {
        var count = 0
        while let byte = pending.getInteger(at: pending.readerIndex, as: UInt8.self), byte == 32 || byte == 9 {
            count += 1
            guard count <= Self.headLimit else { throw Self.malformed }
            pending.moveReaderIndex(forwardBy: 1)
            try await fill(atLeast: 2)
        }
    }

    /// The next bytes of the current part; `nil` at its end.
    mutating func nextChunk() async throws -> ByteBuffer? {
        guard !isAtDelimiter && !hasEnded else { return nil }
        while true {
            if let index = Self.find(delimiter, in: pending) {
                if index == 0 {
                    isAtDelimiter = true
                    return nil
                }
                return pending.readSlice(length: index)
            }
            // The last bytes may be the start of a delimiter.
            let safe = pending.readableBytes - delimiter.count + 1
            if safe > 0 { return pending.readSlice(length: safe) }
            let buffer = try await next()
            if let rest = passOver(to: buffer) { return rest }
        }
    }

    /// Advances to the next network chunk. Returns the retained bytes of the last one if no delimiter begins in them;
    /// otherwise joins both.
    private mutating func passOver(to buffer: ByteBuffer) -> ByteBuffer? {
        let kept = pending
        guard kept.readableBytes > 0 else {
            pending = buffer
            return nil
        }
        var border = kept
        border.writeBytes(buffer.readableBytesView.prefix(delimiter.count))
        if buffer.readableBytes >= delimiter.count, Self.find(delimiter, in: border) == nil {
            pending = buffer
            return kept
        }
        pending.writeImmutableBuffer(buffer)
        return nil
    }

    /// The whole current part as text.
    mutating func text(atMost limit: Int) async throws -> String {
        var bytes = ByteBuffer()
        while let chunk = try await nextChunk() {
            bytes.writeImmutableBuffer(chunk)
            guard bytes.readableBytes <= limit else { throw Self.malformed }
        }
        return String(buffer: bytes)
    }

    private mutating func head() async throws -> Part {
        let blank = Array("\r\n\r\n".utf8)
        while Self.find(blank, in: pending) == nil {
            guard pending.readableBytes <= Self.headLimit else { throw Self.malformed }
            try await fill(atLeast: pending.readableBytes + 1)
        }
        guard let end = Self.find(blank, in: pending), let text = pending.readString(length: end) else {
            throw Self.malformed
        }
        // After the blank line; an empty part's delimiter begins with that line's end.
        pending.moveReaderIndex(forwardBy: 4)
        let lines = text.components(separatedBy: "\r\n")
        let disposition = lines.first { $0.lowercased().hasPrefix("content-disposition:") } ?? ""
        let header = HeaderParameters(disposition.dropFirst("content-disposition:".count))
        guard header.value == "form-data", let name = header["name"] else { throw Self.malformed }
        return Part(name: name, filename: header["filename"])
    }

    private mutating func fill(atLeast count: Int) async throws {
        while pending.readableBytes < count { pending.writeImmutableBuffer(try await next()) }
    }

    private mutating func next() async throws -> ByteBuffer {
        let buffer: ByteBuffer?
        do { buffer = try await source.next() } catch { throw AppError.ofBody(error) }
        guard let buffer else { throw AppError.cutShort }
        return buffer
    }

    /// The first occurrence of `pattern`, searched by its first byte.
    private static func find(_ pattern: [UInt8], in buffer: ByteBuffer) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            pattern.withUnsafeBytes { pattern in
                guard let base = bytes.baseAddress, let wanted = pattern.baseAddress else { return nil }
                var offset = 0
                while bytes.count - offset >= pattern.count {
                    guard let hit = memchr(base + offset, Int32(pattern[0]), bytes.count - offset - pattern.count + 1)
                    else { return nil }
                    let place = base.distance(to: UnsafeRawPointer(hit))
                    if memcmp(base + place, wanted, pattern.count) == 0 { return place }
                    offset = place + 1
                }
                return nil
            }
        }
    }

    private static var malformed: AppError {
        AppError.invalid("file", "Malformed multipart body. Send a form with the fields file and modality.")
    }
}

extension AppError {
    static let cutShort = AppError.invalid("file", "Incomplete upload. Send it again.")

    /// The error for a failure to read a body: a disconnected client is not an internal error.
    static func ofBody(_ error: any Error) -> any Error {
        switch error {
        case is AppError, is CancellationError: error
        default: cutShort
        }
    }
}
