import Kernel
import Storage

/// One fact about an object of an `AdminTable`: what it is called, how it is read and how it is shown.
package struct AdminColumn: Sendable {
    /// What a value means, which decides how pages write it.
    package enum Kind: Sendable, Equatable {
        case text, longText, state, time, number, decimal, bytes, flag, changes
    }

    package let key: String
    package let title: String
    package let kind: Kind
    /// SQL of ours over the table's own aliases.
    let expression: String
    /// Whether lists show it; the object's own page shows every column.
    package private(set) var isListed = true
    package private(set) var isSortable = true
    /// Whether it may hold no value.
    private(set) var isOptional = false
    private(set) var link: Link?
    /// Whether its times are shown to the second: where their order matters.
    package private(set) var showsSeconds = false

    /// Where a value leads to.
    enum Link: Sendable {
        /// An object of this table, whose id this expression reads.
        case object(table: String, id: String)
        /// The object that an audit entry names.
        case audited(type: String, id: String)
    }

    init(_ key: String, _ title: String, _ expression: String = "", _ kind: Kind = .text) {
        self.key = key
        self.title = title
        self.kind = kind
        self.expression = expression
    }

    /// The same on the object's own page only.
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

    /// The same with its times to the second.
    func precise() -> AdminColumn {
        var copy = self
        copy.showsSeconds = true
        return copy
    }

    /// The same where it may hold no value; such rows come last in either order of both databases.
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

    /// Whether its values stand to the right, under each other.
    package var isNumber: Bool { [.number, .decimal, .bytes].contains(kind) }

    /// Whether it leads to objects of this table.
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

/// An object as the pages show it.
package struct AdminRow: Sendable {
    package let id: String
    package let cells: [AdminCell]
    /// Nil where the table has none.
    package var revision: Int64?
    /// Whether it is a superuser's account or session, which only superusers change.
    package var isSuperusers = false

    /// What the object is called: its first cell.
    package var name: String { cells.first?.text ?? id }

    /// The table of the object that an entry of the audit trail is about; nil for other rows.
    package var audited: AdminTable? { self["object"].flatMap { AdminTable.named(auditType: $0.text) } }

    /// The cell of this column; nil where the row has none.
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

    /// What the value means.
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

    /// The value as plain text, as a form holds it; empty where there is none.
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
    /// The table's name in addresses.
    package let table: String
    package let id: String
}
