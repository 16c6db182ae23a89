import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension Request {
    /// The maximum size of a body before sign-in, in bytes.
    static let anonymousBodyLimit = 16 << 10

    /// The same request with a body that fails with a validation error if it cannot be read: a malformed chunk or a
    /// disconnected client is not an internal error.
    func withExplainedBody() -> Request {
        guard headers[.contentLength] != nil || headers[.transferEncoding] != nil else { return self }
        var copy = self
        copy.body = RequestBody(asyncSequence: ExplainedBody(body: body))
        return copy
    }

    /// Collects the whole body, which stays readable.
    ///
    /// - Throws: too large, with the limit, if it has more bytes.
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

/// A body whose read errors are explained.
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
