/// The requested part of a list.
package enum Window: Sendable, Hashable {
    /// From the newest, at most `limit`.
    case plain(limit: Int)
    /// Pages numbered from 1.
    case page(number: Int, size: Int)
    /// The rows after `after`; `nil` starts at the beginning.
    case cursor(after: String?, size: Int)

    /// The maximum length of a list without paging parameters.
    package static let plainLimit = 1000
    package static let pageLimit = 200

    package var size: Int {
        switch self {
        case .plain(let limit): limit
        case .page(_, let size), .cursor(_, let size): size
        }
    }

    package var offset: Int {
        guard case .page(let number, let size) = self else { return 0 }
        return (number - 1) * size
    }
}

/// A part of a list.
package struct Page<Item: Sendable>: Sendable {
    package let items: [Item]
    /// The total number; only counted for numbered pages.
    package let count: Int?
    /// The next value of `cursor`; `nil` at the end and for orders without a cursor.
    package let nextCursor: String?
    package let hasNext: Bool

    package init(items: [Item], count: Int? = nil, nextCursor: String? = nil, hasNext: Bool = false) {
        self.items = items
        self.count = count
        self.nextCursor = nextCursor
        self.hasNext = hasNext
    }

    package func map<Other: Sendable>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), count: count, nextCursor: nextCursor, hasNext: hasNext)
    }
}
