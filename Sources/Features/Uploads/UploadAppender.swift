import Foundation
import Kernel
import Storage

/// One request's bytes on their way into an upload.
package struct UploadAppender: Sendable {
    package let upload: CaseUpload
    private let writer: any PartialBlobWriter
    private var behind: WriteBehind
    /// What the client says these bytes' digest is.
    private var checksum: UploadChecksum?

    init(upload: CaseUpload, writer: any PartialBlobWriter) {
        self.upload = upload
        self.writer = writer
        behind = WriteBehind { try await writer.append($0) }
    }

    package mutating func expect(_ checksum: UploadChecksum) {
        self.checksum = checksum
    }

    package mutating func append(_ bytes: Data) async throws {
        checksum?.add(bytes)
        try await behind.append(bytes)
    }

    /// The request broke off: what came is kept, unless its digest can't be checked any more.
    package mutating func breakOff() async {
        try? await behind.drain()
        let (writer, isUnchecked) = (writer, checksum != nil)
        // In a task of its own, since this one has been cancelled with the connection.
        await Task {
            if isUnchecked {
                try? await writer.undo()
            } else {
                _ = try? await writer.flush()
            }
        }.value
        await writer.release()
    }

    /// Waits until all bytes are written.
    ///
    /// - Throws: checksum mismatch; the bytes are then forgotten.
    package mutating func drain() async throws {
        do {
            try await behind.drain()
            guard let checksum, !checksum.matches else { return }
            try await writer.undo()
            throw AppError(
                .checksumMismatch, "Checksum mismatch. Send the data again.")
        } catch {
            await release()
            throw error
        }
    }

    /// Does something with the length of what is stored now, and then lets another request add to the upload.
    func finish<T: Sendable>(_ body: (Int64) async throws -> T) async throws -> T {
        try await writer.release { try await body(try await writer.flush()) }
    }

    private func release() async {
        await writer.release()
    }
}
