/// Objects that hang on others: how many there are, what becomes of them when those are deleted, and where they are listed.
package struct AdminRelated: Sendable {
    /// `Images`.
    package let title: String
    /// `are deleted with it`; empty where a deletion does not concern them.
    package let fate: String
    /// The rows' table and its column that names the object they hang on.
    let table: String
    let column: String
    /// Names the size of a row in bytes.
    let bytes: String?
    /// A further condition on rows.
    let condition: String?
    package let list: List?

    /// The table that lists them, narrowed to those of one object.
    package struct List: Sendable {
        /// Its name in addresses.
        package let table: String
        /// Its filter that names the object.
        let filter: String
        /// Further filters that mean the same as the condition.
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

    /// The same with the first of them on the object's page.
    func inline() -> AdminRelated {
        var copy = self
        copy.isInline = true
        return copy
    }

    /// Whether they hang on an institution itself, so that only whoever acts in it has a list of them.
    var isOfInstitution: Bool { column == "institution_id" }
}

/// How many related objects there are.
package struct AdminCount: Sendable {
    package let related: AdminRelated
    package let number: Int
    /// Nil where their size says nothing.
    package let bytes: Int64?
}

/// What hangs on one object, as its page shows it.
package struct AdminDependants: Sendable {
    /// As many are shown at most; the list has the others.
    package static let limit = 10

    /// One of them with what can be done to it.
    package struct Item: Sendable {
        package let row: AdminRow
        package let actions: [AdminAction]
    }

    /// The first of them in their table's own order.
    package struct Inline: Sendable {
        package let table: AdminTable
        /// Without the one that would lead back to the object.
        package let columns: [AdminColumn]
        package let items: [Item]
    }

    package let count: AdminCount
    /// Which rows of which list they are; nil where nothing lists them for whoever asks.
    package let list: AdminRelated.List?
    /// Nil where their number says enough.
    package let inline: Inline?
}
