import Features
import Foundation
import NIOCore

/// Reads `multipart/form-data` (RFC 7578) piece by piece: at no time more than one network chunk is in memory.
struct MultipartReader<Source: AsyncIteratorProtocol> where Source.Element == ByteBuffer {
    /// The head of one part.
    struct Part: Equatable {
        let name: String
        let filename: String?
    }

    private var source: Source
    private let delimiter: [UInt8]
    private var pending: [UInt8]
    private var isAtDelimiter = false
    private var hasEnded = false

    private static var headLimit: Int { 16_384 }

    /// - Parameter contentType: the request's; it names the boundary.
    init(_ source: Source, contentType: String?) throws {
        guard let boundary = Self.boundary(in: contentType ?? "") else {
            throw AppError.invalid("file", "Send the file as multipart/form-data with a boundary.")
        }
        self.source = source
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter stands at the very beginning, without the line end that the others have.
        pending = Array("\r\n".utf8)
    }

    private static func boundary(in contentType: String) -> String? {
        let parts = contentType.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.first?.lowercased() == "multipart/form-data",
            let parameter = parts.first(where: { $0.lowercased().hasPrefix("boundary=") })
        else { return nil }
        let value = parameter.dropFirst("boundary=".count).trimmingCharacters(in: CharacterSet(charactersIn: "\""))
        return (1...70).contains(value.utf8.count) ? value : nil
    }

    /// The next part, after what is left of the present one has been skipped; nil at the end.
    mutating func nextPart() async throws -> Part? {
        while try await nextChunk() != nil {}
        guard !hasEnded else { return nil }
        try await fill(atLeast: delimiter.count + 2)
        let mark = pending[delimiter.count..<delimiter.count + 2]
        if mark.elementsEqual("--".utf8) {
            hasEnded = true
            return nil
        }
        guard mark.elementsEqual("\r\n".utf8) else { throw Self.malformed }
        pending.removeFirst(delimiter.count + 2)
        isAtDelimiter = false
        return try await head()
    }

    /// The next bytes of the present part; nil at its end.
    mutating func nextChunk() async throws -> [UInt8]? {
        guard !isAtDelimiter && !hasEnded else { return nil }
        while true {
            if let index = Self.find(delimiter, in: pending) {
                if index == 0 {
                    isAtDelimiter = true
                    return nil
                }
                let chunk = Array(pending[..<index])
                pending.removeFirst(index)
                return chunk
            }
            // The last bytes may be the beginning of a delimiter.
            let safe = pending.count - delimiter.count + 1
            if safe > 0 {
                let chunk = Array(pending[..<safe])
                pending.removeFirst(safe)
                return chunk
            }
            try await fill(atLeast: pending.count + 1)
        }
    }

    /// All of the present part as text.
    mutating func text(atMost limit: Int) async throws -> String {
        var bytes: [UInt8] = []
        while let chunk = try await nextChunk() {
            bytes += chunk
            guard bytes.count <= limit else { throw Self.malformed }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func head() async throws -> Part {
        let blank = Array("\r\n\r\n".utf8)
        while Self.find(blank, in: pending) == nil {
            guard pending.count <= Self.headLimit else { throw Self.malformed }
            try await fill(atLeast: pending.count + 1)
        }
        guard let end = Self.find(blank, in: pending) else { throw Self.malformed }
        let lines = String(decoding: pending[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        // Keeps one line end: an empty part's delimiter begins with it.
        pending.removeFirst(end + 4)
        let disposition = lines.first { $0.lowercased().hasPrefix("content-disposition:") } ?? ""
        guard let name = Self.parameter("name", of: disposition) else { throw Self.malformed }
        return Part(name: name, filename: Self.parameter("filename", of: disposition))
    }

    /// A quoted parameter; a backslash keeps the character behind it.
    private static func parameter(_ name: String, of header: String) -> String? {
        guard let start = header.range(of: "; \(name)=\"", options: .caseInsensitive)?.upperBound else { return nil }
        var value = ""
        var isEscaped = false
        for character in header[start...] {
            if !isEscaped && character == "\\" {
                isEscaped = true
            } else if !isEscaped && character == "\"" {
                return value
            } else {
                isEscaped = false
                value.append(character)
            }
        }
        return nil
    }

    private mutating func fill(atLeast count: Int) async throws {
        while pending.count < count {
            guard let buffer = try await source.next() else {
                throw AppError.invalid("file", "The upload was cut short; send it again.")
            }
            pending += buffer.readableBytesView
        }
    }

    /// The first place of `pattern`, by way of its first byte.
    private static func find(_ pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { bytes in
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
        AppError.invalid("file", "The multipart body is malformed; send a form with the fields file and modality.")
    }
}
