import Foundation
import Storage

/// Reads an object in ranges, the next few of which are requested while the current one is used. A range is the unit of
/// retrying, so a connection lost halfway costs at most one range.
actor ObjectReader {
    private let requests: BucketRequests
    private let name: String
    private var rest: Range<Int64>
    private var pending: [(length: Int, data: Task<Data, any Error>)] = []
    /// Doubles from a small first range, so that the first bytes are there soon.
    private var length: Int64 = 1 << 20

    private static let mostBytes: Int64 = 8 << 20
    private static let window = 4

    init(requests: BucketRequests, name: String, range: Range<Int64>) {
        self.requests = requests
        self.name = name
        rest = range
    }

    deinit {
        for request in pending { request.data.cancel() }
    }

    /// Returns `nil` at the end.
    func next() async throws -> Data? {
        request()
        guard !pending.isEmpty else { return nil }
        let (length, task) = pending.removeFirst()
        let data = try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
        guard data.count == length else { throw BlobError.unavailable(reason: "a response has the wrong length") }
        request()
        return data
    }

    private func request() {
        while pending.count < Self.window, !rest.isEmpty {
            let end = min(rest.upperBound, rest.lowerBound + length)
            let range = rest.lowerBound..<end
            pending.append(
                (
                    Int(range.count),
                    Task { [requests, name] in try await requests.send { try await $0.get(name, range).data } }
                ))
            rest = end..<rest.upperBound
            length = min(Self.mostBytes, length * 2)
        }
    }
}
