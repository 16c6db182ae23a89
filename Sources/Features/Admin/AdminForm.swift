/// The fields by which an object is made or changed, and the service's call that does it.
package struct AdminForm: Sendable {
    /// One thing to fill in.
    package struct Field: Sendable {
        /// How a field is filled in.
        package enum Kind: Sendable {
            case text, longText, email, number, date, flag
            case choice([AdminChoice])
        }

        /// The name by which the service refuses it as well.
        package let key: String
        package let title: String
        package let kind: Kind
        package let isRequired: Bool
        package let help: String

        init(_ key: String, _ title: String, _ kind: Kind = .text, isRequired: Bool = false, help: String = "") {
            self.key = key
            self.title = title
            self.kind = kind
            self.isRequired = isRequired
            self.help = help
        }
    }

    /// What somebody has filled in; a flag that is not ticked is absent, as browsers send it.
    package struct Values: Sendable {
        private let values: [String: String]

        package init(_ values: [String: String]) {
            self.values = values
        }

        package subscript(key: String) -> String? { values[key] }

        func flag(_ key: String) -> Bool { values[key] != nil }
    }

    package let fields: [Field]
    /// Makes or changes the object; answers what it has to tell beyond that it was done, such as a link to hand on.
    let save: @Sendable (AdministeredServices, Scope, String, Values) async throws -> Saved

    /// What came of a form.
    package struct Saved: Sendable {
        package let id: String
        /// Shown once, and stored nowhere.
        package let message: String?
        /// A path of ours to hand on, which goes with the message.
        package let link: String?

        init(_ id: String, message: String? = nil, link: String? = nil) {
            self.id = id
            self.message = message
            self.link = link
        }
    }
}

/// Something that can be done to one or more objects of a table.
package struct AdminAction: Sendable {
    package let key: String
    /// What the button says: `Delete`.
    package let title: String
    /// What it means, in a sentence or two for the page that asks once more.
    package let explanation: String
    /// Whether it takes other objects with it, which the page that asks then counts.
    package let isDestructive: Bool
    /// Whether an object in this state can have it done.
    let isOffered: @Sendable (AdminRow) -> Bool
    let run: @Sendable (AdministeredServices, Scope, String) async throws -> Void

    init(
        _ key: String, _ title: String, _ explanation: String, isDestructive: Bool = false,
        where isOffered: @escaping @Sendable (AdminRow) -> Bool = { _ in true },
        run: @escaping @Sendable (AdministeredServices, Scope, String) async throws -> Void
    ) {
        self.key = key
        self.title = title
        self.explanation = explanation
        self.isDestructive = isDestructive
        self.isOffered = isOffered
        self.run = run
    }
}

/// What came of an action on several objects: each is done or refused on its own.
package struct AdminOutcome: Sendable {
    /// An object that stays as it was, and why.
    package struct Refusal: Sendable {
        package let id: String
        package let name: String
        package let sentence: String
    }

    package let done: Int
    package let refusals: [Refusal]
}

/// Objects that hang on others: how many there are, and what becomes of them when those are deleted.
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
    /// The table that lists them, with the filter that narrows it to the object.
    package let link: AdminReference?

    init(
        _ title: String, _ fate: String, _ table: String, by column: String, bytes: String? = nil,
        where condition: String? = nil, list: String? = nil, filter: String = ""
    ) {
        self.title = title
        self.fate = fate
        self.table = table
        self.column = column
        self.bytes = bytes
        self.condition = condition
        link = list.map { AdminReference(table: $0, id: filter) }
    }
}

/// How many related objects there are.
package struct AdminCount: Sendable {
    package let related: AdminRelated
    package let number: Int
    /// Nil where their size says nothing.
    package let bytes: Int64?
}
