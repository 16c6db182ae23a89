import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension Request {
    /// Bytes of a body that somebody may send before signing in.
    static let anonymousBodyLimit = 16 << 10

    /// The same request, whose body ends with a validation error where it can't be read: a malformed chunk, or a client that
    /// is gone, is no fault of ours.
    func withExplainedBody() -> Request {
        guard headers[.contentLength] != nil || headers[.transferEncoding] != nil else { return self }
        var copy = self
        copy.body = RequestBody(asyncSequence: ExplainedBody(body: body))
        return copy
    }

    /// The whole body, which stays readable.
    ///
    /// - Throws: too large, with the limit, beyond that many bytes.
    mutating func collectedBody(upTo limit: Int) async throws -> ByteBuffer {
        if let length = headers[.contentLength].flatMap({ Int64($0) }), length > limit {
            throw AppError.bodyTooLarge(Int64(limit))
        }
        var bytes = ByteBuffer()
        for try await chunk in body {
            guard bytes.readableBytes + chunk.readableBytes <= limit else { throw AppError.bodyTooLarge(Int64(limit)) }
            bytes.writeImmutableBuffer(chunk)
        }
        body = RequestBody(buffer: bytes)
        return bytes
    }
}

extension AppError {
    static func bodyTooLarge(_ limit: Int64) -> AppError {
        AppError(.tooLarge, "The request body is too large. The limit is \(ByteCount(limit).size).")
    }
}

/// A body whose reading fails with errors that say so.
private struct ExplainedBody: AsyncSequence, Sendable {
    let body: RequestBody

    struct AsyncIterator: AsyncIteratorProtocol {
        var source: RequestBody.AsyncIterator

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await source.next()
            } catch let error as CancellationError {
                throw error
            } catch {
                throw AppError(
                    .validation, "The request body is malformed or incomplete. Send the request again.", cause: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: body.makeAsyncIterator()) }
}
