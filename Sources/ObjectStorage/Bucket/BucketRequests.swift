import Basics
import Foundation
import Storage

/// When and how often transient failures are retried: exponential backoff with full jitter (AWS Architecture Blog,
/// "Exponential Backoff And Jitter"), so that clients that failed together do not retry together.
package struct RetryPolicy: Sendable {
    /// Attempts including the first one.
    package var attempts = 6
    /// The longest wait before the first retry; doubles with each further one.
    package var base: Duration = .milliseconds(100)
    /// The longest wait before any retry.
    package var limit: Duration = .seconds(10)

    package init() {}

    /// For tests: retries without waiting.
    package static let immediate: RetryPolicy = {
        var policy = RetryPolicy()
        policy.base = .zero
        return policy
    }()

    /// A random wait before retry `number`, from 1 on.
    func wait(before number: Int) -> Duration {
        Backoff(first: base, longest: limit).jittered(after: number, least: 0)
    }
}

/// Sends requests to a bucket and retries transient failures.
struct BucketRequests: Sendable {
    let bucket: any Bucket
    let retries: RetryPolicy

    /// - Throws: `BlobError.missing` if the object does not exist, `BlobError.unavailable` if no attempt succeeded,
    ///   `BlobError.refused` if none can; `BucketError` for failures that the caller handles.
    func send<T: Sendable>(_ request: (any Bucket) async throws -> T) async throws -> T {
        var attempt = 1
        while true {
            do {
                return try await request(bucket)
            } catch BucketError.noSuchKey {
                throw BlobError.missing
            } catch BucketError.refused(let reason) {
                throw BlobError.refused(reason: reason)
            } catch BucketError.unavailable(let reason), BucketError.noResponse(let reason) {
                try Task.checkCancellation()
                guard attempt < retries.attempts else { throw BlobError.unavailable(reason: reason) }
            }
            try await Task.sleep(for: retries.wait(before: attempt))
            attempt += 1
        }
    }

    /// Completes a multipart upload; if it no longer exists, an attempt whose response was lost, or an earlier call,
    /// completed it.
    func complete(_ upload: BucketUpload, _ parts: [BucketPart]) async throws {
        do {
            try await send { try await $0.completeUpload(upload, parts) }
        } catch BucketError.noSuchUpload {
            _ = try await send { try await $0.head(upload.name) }
        }
    }

    /// Not an error if it no longer exists.
    func abort(_ upload: BucketUpload) async throws {
        do { try await send { try await $0.abortUpload(upload) } } catch BucketError.noSuchUpload {}
    }
}
