/// Related objects: their number, what happens to them on deletion, and where they are listed.
package struct AdminRelated: Sendable {
    /// `Images`.
    package let title: String
    /// `are deleted with it`; empty if a deletion does not affect them.
    package let fate: String
    /// The rows' table and its column that refers to the object.
    let table: String
    let column: String
    /// The column with a row's size in bytes.
    let bytes: String?
    /// An additional condition on rows.
    let condition: String?
    package let list: List?

    /// The table that lists them, filtered by one object.
    package struct List: Sendable {
        /// Its name in URLs.
        package let table: String
        /// Its filter for the object.
        let filter: String
        /// Further filters equivalent to the condition.
        let narrowed: [AdminQuery.Selection]

        init(_ table: String, by filter: String, _ narrowed: AdminQuery.Selection...) {
            self.table = table
            self.filter = filter
            self.narrowed = narrowed
        }

        package func selections(of id: String) -> [AdminQuery.Selection] {
            [AdminQuery.Selection(filter, id)] + narrowed
        }
    }

    /// Whether the object's own page shows the first of them.
    private(set) var isInline = false

    init(
        _ title: String, _ fate: String, _ table: String, by column: String, bytes: String? = nil,
        where condition: String? = nil, list: List? = nil
    ) {
        self.title = title
        self.fate = fate
        self.table = table
        self.column = column
        self.bytes = bytes
        self.condition = condition
        self.list = list
    }

    /// The same, with the first of them on the object's page.
    func inline() -> AdminRelated {
        var copy = self
        copy.isInline = true
        return copy
    }

    /// Whether they belong to an institution itself, so that they are only listed for users who act in it.
    var isOfInstitution: Bool { column == "institution_id" }
}

/// The number of related objects.
package struct AdminCount: Sendable {
    package let related: AdminRelated
    package let number: Int
    /// `nil` if their size is irrelevant.
    package let bytes: Int64?
}

/// The related objects on an object's page.
package struct AdminDependants: Sendable {
    /// The maximum number shown; the list has the others.
    package static let limit = 10

    /// A related object with its available actions.
    package struct Item: Sendable {
        package let row: AdminRow
        package let actions: [AdminAction]
    }

    /// The first of them in their table's default order.
    package struct Inline: Sendable {
        package let table: AdminTable
        /// Without the one that would link back to the object.
        package let columns: [AdminColumn]
        package let items: [Item]
    }

    package let count: AdminCount
    /// The filtered list; `nil` if the user has no list of them.
    package let list: AdminRelated.List?
    /// `nil` if only their number is shown.
    package let inline: Inline?
}
