import Kernel

/// The fields by which an object is made or changed, and the service's call that does it.
package struct AdminForm: Sendable {
    /// One thing to fill in.
    package struct Field: Sendable {
        /// How a field is filled in.
        package enum Kind: Sendable {
            case text, longText, email, number, date, flag
            /// A new one; what was written is never shown again.
            case password
            case choice([AdminChoice])
            /// The id of an object of this table, whose page leads here.
            case reference(table: String)
        }

        /// The name by which the service refuses it as well.
        package let key: String
        package let title: String
        package let kind: Kind
        package let isRequired: Bool
        package let help: String
        /// What a form for a new object holds.
        package let initial: String?

        init(
            _ key: String, _ title: String, _ kind: Kind = .text, isRequired: Bool = false, help: String = "",
            initial: String? = nil
        ) {
            self.key = key
            self.title = title
            self.kind = kind
            self.isRequired = isRequired
            self.help = help
            self.initial = initial
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

        /// That nobody else has changed the object since the form was made; nothing where the form does not say.
        var precondition: Precondition {
            values[AdminForm.revision].flatMap { Int64($0) }.map { .revision(among: [$0]) } ?? .none
        }
    }

    /// The name under which a form holds the object's revision.
    package static let revision = "revision"

    /// The page's name in addresses: `edit`.
    package let key: String
    /// What the button that leads to it says.
    package let title: String
    package let fields: [Field]
    /// Whether saving has something to tell that is shown once.
    package let tells: Bool
    /// What the reader must be allowed to do to be offered it; nil where seeing the table is enough.
    var needed: Action?
    /// Whether an object is offered it.
    var isOffered: @Sendable (Scope, AdminRow) -> Bool = { _, _ in true }
    /// Makes or changes the object; answers what it has to tell beyond that it was done, such as a link to hand on.
    let save: @Sendable (AdministeredServices, Scope, String, Values) async throws -> Saved

    init(
        _ key: String = "edit", title: String = "Edit", fields: [Field], tells: Bool = false,
        save: @escaping @Sendable (AdministeredServices, Scope, String, Values) async throws -> Saved
    ) {
        self.key = key
        self.title = title
        self.fields = fields
        self.tells = tells
        self.save = save
    }

    /// The same for those who may do this.
    func needing(_ action: Action) -> AdminForm {
        var copy = self
        copy.needed = action
        return copy
    }

    /// The same for these objects alone.
    func offered(where isOffered: @escaping @Sendable (Scope, AdminRow) -> Bool) -> AdminForm {
        var copy = self
        copy.isOffered = isOffered
        return copy
    }

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

/// A row of a list as a form sends it back, whether somebody has changed it or not.
package struct AdminEdit: Sendable {
    package let id: String
    package let values: AdminForm.Values
    /// What the list showed.
    private let former: AdminForm.Values

    /// Begins the names under which a form holds what the list showed.
    package static let former = "was."

    package init(_ id: String, _ values: AdminForm.Values, former: AdminForm.Values) {
        self.id = id
        self.values = values
        self.former = former
    }

    /// Compared with what was shown, not with what is stored: who left a row alone does not undo what others did to it.
    func changesAnything(_ form: AdminForm) -> Bool {
        form.fields.contains { (values[$0.key] ?? "") != (former[$0.key] ?? "") }
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
    /// What the reader must be allowed to do to be offered it; nil where seeing the table is enough.
    let needed: Action?
    /// Whether an object in this state can have it done.
    let isOffered: @Sendable (AdminRow) -> Bool
    /// Why this object can't have it done although its state allows it; nil where it can.
    let obstacle: @Sendable (AdminRow) -> String?
    let run: @Sendable (AdministeredServices, Scope, String) async throws -> Void

    init(
        _ key: String, _ title: String, _ explanation: String, isDestructive: Bool = false,
        needing needed: Action? = nil,
        where isOffered: @escaping @Sendable (AdminRow) -> Bool = { _ in true },
        unless obstacle: @escaping @Sendable (AdminRow) -> String? = { _ in nil },
        run: @escaping @Sendable (AdministeredServices, Scope, String) async throws -> Void
    ) {
        self.key = key
        self.title = title
        self.explanation = explanation
        self.isDestructive = isDestructive
        self.needed = needed
        self.isOffered = isOffered
        self.obstacle = obstacle
        self.run = run
    }
}

/// What an action is about to be done to, for the page that asks once more.
package struct AdminConfirmation: Sendable {
    /// As many are told by name.
    package static let limit = 25

    package let shown: [AdminRow]
    /// Of all of them.
    package let ids: [String]
    package let counts: [AdminCount]
    /// Objects that were chosen too and would refuse it.
    package let refusals: [AdminOutcome.Refusal]
}

/// What came of an action on several objects: each is done or refused on its own.
package struct AdminOutcome: Sendable {
    /// An object that stays as it was, and why.
    package struct Refusal: Sendable {
        package let id: String
        package let name: String
        package let error: AppError

        /// What is wrong, in one line.
        package var sentence: String { error.fieldSentences.joined(separator: " ") }
    }

    package let done: Int
    package let refusals: [Refusal]
}
