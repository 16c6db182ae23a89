/// Which part of a list is asked for.
package enum Window: Sendable, Hashable {
    /// From the newest on, cut at `limit`.
    case plain(limit: Int)
    /// Pages numbered from 1.
    case page(number: Int, size: Int)
    /// What follows the row that `after` names; nil begins.
    case cursor(after: String?, size: Int)

    /// A list without paging parameters ends here.
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
    /// How many there are in all; only counted for numbered pages.
    package let count: Int?
    /// Continues the list as `cursor`; nil at its end and for orders that have no cursor.
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
