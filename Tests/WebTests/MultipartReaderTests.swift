import Foundation
import NIOCore
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// The parser of uploads, with chunks of every size.
struct MultipartReaderTests {
    private static let type = "multipart/form-data; boundary=\"edge\""

    /// A form with a field, a file that contains most of a delimiter, and an empty file.
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

    /// Headers as sent by clients, and their file names.
    @Test(arguments: [
        // .NET.
        ("form-data; name=file; filename=t1.nii.gz", "t1.nii.gz"),
        ("form-data; name=file; filename=t1.nii.gz; filename*=utf-8''t1%20scan.nii.gz", "t1 scan.nii.gz"),
        ("form-data;name=\"file\"", nil), ("form-data;name=\"file\";filename=\"a;b=c.nii\"", "a;b=c.nii"),
        ("Form-Data ; NAME = file ; FileName = \"t1.nii\"", "t1.nii"),
        ("form-data; filename=\"name=x; y\"; name=\"file\"", "name=x; y"),
        ("form-data; name=\"file\"; filename=\"a \\\"b\\\".nii\"", "a \"b\".nii"),
        ("form-data; name=\"file\"; filename=\"C:\\Users\\Ada\\t1 scan.nii.gz\"", "C:\\Users\\Ada\\t1 scan.nii.gz"),
        ("form-data; name=\"file\"; filename*=UTF-8'en'gr%C3%B6%C3%9Fe.nii", "größe.nii"),
        ("form-data; name=\"file\"; filename*=iso-8859-1''gr%F6%DFe.nii", "größe.nii"),
        ("form-data; name=\"file\"; filename=\"a.nii\"; filename*=UTF-8''%FF", "a.nii"),
        ("form-data; name=\"file\"; filename=\"a.nii\"; filename*=klingon''b", "a.nii"),
        ("form-data; name=\"file\"; filename=\"größe.nii\"", "größe.nii"),
    ]) func readsEveryKindOfHead(disposition: String, filename: String?) async throws {
        let form = "--edge  \r\nContent-Type: text/plain\r\ncontent-disposition:\(disposition)\r\n\r\nx\r\n--edge--\r\n"
        for type in ["multipart/form-data; boundary=edge", "Multipart/Form-Data;charset=utf-8; boundary=\"edge\""] {
            for size in [1, 64] {
                var reader = try Self.reader(form, size: size, type: type)
                let part = try #require(try await reader.nextPart())
                #expect(part.name == "file" && part.filename == filename)
                #expect(try await reader.text(atMost: 1) == "x")
                #expect(try await reader.nextPart() == nil)
            }
        }
    }

    @Test(arguments: [
        "form-data", "form-data; filename=x", "attachment; name=file", "", "form-data; name", "form-data name=x",
    ])
    func refusesAHeadWithoutAName(disposition: String) async throws {
        var reader = try Self.reader("--edge\r\nContent-Disposition: \(disposition)\r\n\r\nx\r\n--edge--\r\n", size: 64)
        await #expect(throws: AppError.self) { _ = try await reader.nextPart() }
    }

    @Test func refusesTooManyParts() async throws {
        let part = "--edge\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n"
        for (count, isTaken) in [(100, true), (101, false)] {
            var reader = try Self.reader(String(repeating: part, count: count) + "--edge--", size: 4096)
            var error: (any Error)?
            do { while try await reader.nextPart() != nil {} } catch let thrown { error = thrown }
            #expect((error == nil) == isTaken, "\(count)")
        }
    }

    @Test func refusesAHeadWithoutEnd() async throws {
        var reader = try Self.reader("--edge\r\n" + String(repeating: "x", count: 40_000), size: 4096)
        await #expect(throws: AppError.self) { _ = try await reader.nextPart() }
    }

    @Test func aFormHasAHundredParts() async throws {
        for (count, isTaken) in [(100, true), (101, false)] {
            let part = "--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n"
            var reader = try Self.reader(String(repeating: part, count: count) + "--edge--\r\n", size: 4096)
            var isWhole = true
            do { while try await reader.nextPart() != nil {} } catch { isWhole = false }
            #expect(isWhole == isTaken, "\(count)")
        }
    }

    /// RFC 2046 §5.1.1.
    @Test func aBoundaryHasSeventyCharacters() throws {
        let boundary = String(repeating: "b", count: 70)
        _ = try Self.reader(Self.form, size: 16, type: "multipart/form-data; boundary=\(boundary)")
        #expect(throws: AppError.self) {
            try Self.reader(Self.form, size: 16, type: "multipart/form-data; boundary=\(boundary)b")
        }
    }

    /// RFC 2046 allows white space after a delimiter; no sender needs more of it than the maximum header size.
    @Test(arguments: [(16_384, true), (16_385, false)]) func blanksBehindADelimiterHaveALimit(
        _ count: Int, _ isTaken: Bool
    ) async throws {
        let form =
            "--edge\(String(repeating: " ", count: count))\r\n"
            + "Content-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--edge--\r\n"
        var reader = try Self.reader(form, size: 4096)
        let part = try? await reader.nextPart()
        #expect((part?.name == "a") == isTaken)
    }
}
