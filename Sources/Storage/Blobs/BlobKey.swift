import Foundation

/// Identifies a stored file: a lower-case UUID that the server generates, so that client text never becomes part of a
/// path.
package struct BlobKey: Hashable, Sendable, SQLConvertible, CustomStringConvertible {
    package let string: String

    package init() {
        string = UUID().uuidString.lowercased()
    }

    /// Returns `nil` if `text` is not a UUID.
    package init?(_ text: String) {
        guard let uuid = UUID(uuidString: text) else { return nil }
        string = uuid.uuidString.lowercased()
    }

    /// - Parameter text: a hyphenated UUID in lower case.
    package init(canonical text: String) {
        string = text
    }

    package var sqlValue: SQLValue { .text(string) }
    package init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self.init(text)
    }

    package var description: String { string }
}

/// A stored file in a listing.
package struct BlobEntry: Sendable, Equatable {
    package let key: BlobKey
    /// Size in bytes.
    package let size: Int64
    /// When it was last written.
    package let modified: Timestamp

    package init(key: BlobKey, size: Int64, modified: Timestamp) {
        self.key = key
        self.size = size
        self.modified = modified
    }
}

/// One page of a store's listing.
package struct BlobKeyPage: Sendable {
    package let entries: [BlobEntry]
    /// The cursor of the next page, in the store's own format; `nil` on the last page.
    package let next: String?

    package var keys: [BlobKey] { entries.map(\.key) }

    package init(entries: [BlobEntry], next: String?) {
        self.entries = entries
        self.next = next
    }
}

/// A store's keys, page by page. Each page is fetched only after the previous one has been consumed. A page may be
/// empty.
package struct BlobKeyPages: AsyncSequence, Sendable {
    package typealias Fetch = @Sendable (_ cursor: String?) async throws -> BlobKeyPage

    /// The maximum page size of common object stores.
    package static let defaultLimit = 1000

    private let fetch: Fetch

    package init(_ fetch: @escaping Fetch) {
        self.fetch = fetch
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let fetch: Fetch
        private var cursor: String?
        private var isOver = false

        fileprivate init(fetch: @escaping Fetch) {
            self.fetch = fetch
        }

        package mutating func next() async throws -> [BlobKey]? {
            guard !isOver else { return nil }
            let page = try await fetch(cursor)
            cursor = page.next
            isOver = page.next == nil
            return page.keys
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(fetch: fetch) }
}
