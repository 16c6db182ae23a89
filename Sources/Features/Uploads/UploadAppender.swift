import Foundation
import Kernel
import Storage

/// Appends one request's bytes to an upload.
package struct UploadAppender: Sendable {
    package let upload: CaseUpload
    private let writer: any PartialBlobWriter
    private var behind: WriteBehind
    /// The checksum that the client sent for these bytes.
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

    /// Handles an interrupted request: received bytes are kept unless their checksum can no longer be verified.
    package mutating func breakOff() async {
        try? await behind.drain()
        let (writer, isUnchecked) = (writer, checksum != nil)
        // In a separate task, since this one was cancelled with the connection.
        await Task {
            if isUnchecked {
                try? await writer.undo()
            } else {
                _ = try? await writer.flush()
            }
        }.value
        await writer.release()
    }

    /// Waits until all bytes have been written.
    ///
    /// - Throws: checksum mismatch; the bytes are then discarded.
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

    /// Calls `body` with the number of bytes stored, then releases the upload for other requests.
    func finish<T: Sendable>(_ body: (Int64) async throws -> T) async throws -> T {
        try await writer.release { try await body(try await writer.flush()) }
    }

    private func release() async {
        await writer.release()
    }
}
