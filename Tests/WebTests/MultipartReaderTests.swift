import Foundation
import NIOCore
import Testing

@testable import Features
@testable import Web

/// The parser of uploads, fed in pieces of every size.
struct MultipartReaderTests {
    private static let type = "multipart/form-data; boundary=\"edge\""

    /// A form with a field, a file that holds most of a delimiter, and an empty file.
    private static let form =
        "preamble\r\n--edge\r\nContent-Disposition: form-data; name=\"modality\"\r\n\r\nt1ce\r\n"
        + "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".nii\"\r\n"
        + "Content-Type: application/gzip\r\n\r\n\r\n--edg\r\n-\r\n--edge\r\n"
        + "Content-Disposition: form-data; name=\"empty\"; filename=\"x\"\r\n\r\n\r\n--edge--\r\n"

    private struct Pieces: AsyncIteratorProtocol {
        var bytes: [UInt8]
        let size: Int

        mutating func next() async throws -> ByteBuffer? {
            guard !bytes.isEmpty else { return nil }
            defer { bytes.removeFirst(min(size, bytes.count)) }
            return ByteBuffer(bytes: bytes.prefix(size))
        }
    }

    private static func reader(_ text: String, size: Int, type: String? = type) throws -> MultipartReader<Pieces> {
        try MultipartReader(Pieces(bytes: Array(text.utf8), size: size), contentType: type)
    }

    @Test(arguments: [1, 2, 3, 7, 64, 10_000]) func findsPartsHoweverTheBytesArrive(size: Int) async throws {
        var reader = try Self.reader(Self.form, size: size)
        let field = try #require(try await reader.nextPart())
        #expect(field.name == "modality" && field.filename == nil)
        #expect(try await reader.text(atMost: 10) == "t1ce")
        let file = try #require(try await reader.nextPart())
        #expect(file.name == "file" && file.filename == "a \"b\".nii")
        #expect(try await reader.text(atMost: 100) == "\r\n--edg\r\n-")
        let empty = try #require(try await reader.nextPart())
        #expect(empty.name == "empty")
        #expect(try await reader.text(atMost: 1) == "")
        #expect(try await reader.nextPart() == nil)
        #expect(try await reader.nextPart() == nil)
    }

    @Test func skipsWhatIsNotRead() async throws {
        var reader = try Self.reader(Self.form, size: 5)
        var names: [String] = []
        while let part = try await reader.nextPart() { names.append(part.name) }
        #expect(names == ["modality", "file", "empty"])
    }

    @Test(arguments: [10, 40, 90, 120, 200, 240]) func refusesWhatIsCutShort(length: Int) async throws {
        var reader = try Self.reader(String(Self.form.prefix(length)), size: 16)
        await #expect(throws: AppError.self) { while try await reader.nextPart() != nil {} }
    }

    @Test func aConnectionThatBreaksIsNoFaultOfOurs() async throws {
        struct Broken: AsyncIteratorProtocol {
            mutating func next() async throws -> ByteBuffer? { throw IOError(errnoCode: ECONNRESET, reason: "read") }
        }
        var reader = try MultipartReader(Broken(), contentType: Self.type)
        let error = await #expect(throws: AppError.self) { _ = try await reader.nextPart() }
        #expect(error?.code == .validation)
    }

    @Test(arguments: [nil, "application/json", "multipart/form-data", "multipart/form-data; boundary="])
    func needsABoundary(type: String?) {
        #expect(throws: AppError.self) { _ = try Self.reader(Self.form, size: 16, type: type) }
    }

    @Test func refusesAHeadWithoutEnd() async throws {
        var reader = try Self.reader("--edge\r\n" + String(repeating: "x", count: 40_000), size: 4096)
        await #expect(throws: AppError.self) { _ = try await reader.nextPart() }
    }
}
