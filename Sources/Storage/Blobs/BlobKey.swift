import Foundation

/// Names one stored file: a lower-case UUID of ours, so that a path is never made from a client's text.
package struct BlobKey: Hashable, Sendable, SQLConvertible, CustomStringConvertible {
    package let string: String

    package init() {
        string = UUID().uuidString.lowercased()
    }

    /// Nil where `text` is not a UUID.
    package init?(_ text: String) {
        guard let uuid = UUID(uuidString: text) else { return nil }
        string = uuid.uuidString.lowercased()
    }

    /// - Parameter text: a UUID in lower case with its hyphens.
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

/// Some of a store's keys.
package struct BlobKeyPage: Sendable {
    package let keys: [BlobKey]
    /// Where the next page begins, in the store's own words; nil after the last one.
    package let next: String?

    package init(keys: [BlobKey], next: String?) {
        self.keys = keys
        self.next = next
    }
}

/// A store's keys page by page; each is fetched when the one before is done with. A page may be empty.
package struct BlobKeyPages: AsyncSequence, Sendable {
    package typealias Fetch = @Sendable (_ cursor: String?) async throws -> BlobKeyPage

    /// As many as object stores list at most.
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
