import Kernel
import Storage

/// An attribute of an object of an `AdminTable`: its title, SQL and format.
package struct AdminColumn: Sendable {
    /// The meaning of a value, which determines its format.
    package enum Kind: Sendable, Equatable {
        case text, longText, state, time, number, decimal, bytes, flag, changes
    }

    package let key: String
    package let title: String
    package let kind: Kind
    /// Constant SQL over the table's aliases.
    let expression: String
    /// Whether lists show it; the object's own page shows every column.
    package private(set) var isListed = true
    package private(set) var isSortable = true
    /// Whether it may be null.
    private(set) var isOptional = false
    private(set) var link: Link?
    /// Whether times are shown with seconds, because their order matters.
    package private(set) var showsSeconds = false

    /// The target of a value's link.
    enum Link: Sendable {
        /// An object of this table, with an expression for its id.
        case object(table: String, id: String)
        /// The object of an audit entry.
        case audited(type: String, id: String)
    }

    init(_ key: String, _ title: String, _ expression: String = "", _ kind: Kind = .text) {
        self.key = key
        self.title = title
        self.kind = kind
        self.expression = expression
    }

    /// The same, only shown on the object's own page.
    func unlisted() -> AdminColumn {
        var copy = self
        copy.isListed = false
        return copy
    }

    func unsortable() -> AdminColumn {
        var copy = self
        copy.isSortable = false
        return copy
    }

    /// The same, with times to the second.
    func precise() -> AdminColumn {
        var copy = self
        copy.showsSeconds = true
        return copy
    }

    /// The same, allowing null; such rows sort last in either order on both databases.
    func optional() -> AdminColumn {
        var copy = self
        copy.isOptional = true
        return copy
    }

    func linked(to table: String, id expression: String) -> AdminColumn {
        var copy = self
        copy.link = .object(table: table, id: expression)
        return copy
    }

    /// Whether its values are right-aligned.
    package var isNumber: Bool { [.number, .decimal, .bytes].contains(kind) }

    /// Whether it links to objects of this table.
    func leads(to name: String) -> Bool {
        if case .object(name, _) = link { return true }
        return false
    }

    func linked(auditedType type: String, id expression: String) -> AdminColumn {
        var copy = self
        copy.link = .audited(type: type, id: expression)
        return copy
    }
}

/// An object as displayed.
package struct AdminRow: Sendable {
    package let id: String
    package let cells: [AdminCell]
    /// `nil` if the table has none.
    package var revision: Int64?
    /// Whether it is a superuser's account or session, which only superusers may change.
    package var isSuperusers = false

    /// The object's name: its first cell.
    package var name: String { cells.first?.text ?? id }

    /// The table of an audit entry's object; `nil` for other rows.
    package var audited: AdminTable? { self["object"].flatMap { AdminTable.named(auditType: $0.text) } }

    /// The cell of this column; `nil` if there is none.
    package subscript(key: String) -> AdminCell? { cells.first { $0.column.key == key } }
}

/// One value of an `AdminRow`.
package struct AdminCell: Sendable {
    package let column: AdminColumn
    let value: SQLValue
    package let link: AdminReference?

    init(_ column: AdminColumn, _ value: SQLValue, link: AdminReference? = nil) {
        self.column = column
        self.value = value
        self.link = link
    }

    /// The meaning of the value.
    package enum Meaning: Sendable, Equatable {
        case nothing
        case text(String)
        case number(Int64)
        case decimal(Double)
        case bytes(Int64)
        case flag(Bool)
        /// ISO-8601.
        case time(String)
        case changes([FieldChange])
    }

    package var meaning: Meaning {
        switch (value, column.kind) {
        case (.null, _), (.blob, _), (.text(""), _): .nothing
        case (.int(let number), .time): .time(Timestamp(microseconds: number).description)
        case (.int(let number), .bytes): .bytes(number)
        case (.int(let number), .flag): .flag(number != 0)
        case (.int(let number), _): .number(number)
        case (.double(let number), _): .decimal(number)
        case (.text(let text), .changes): .changes([FieldChange](stored: text))
        case (.text(let text), _): .text(text)
        }
    }

    /// The value as plain text, as in a form; empty if there is none.
    package var text: String {
        switch value {
        case .null, .blob: ""
        case .int(let number): column.kind == .bytes ? ByteCount(number).description : String(number)
        case .double(let number): String(number)
        case .text(let text): text
        }
    }
}

/// An object of another table.
package struct AdminReference: Sendable, Equatable {
    /// The table's name in URLs.
    package let table: String
    package let id: String
}
