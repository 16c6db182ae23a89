import Kernel

/// The fields for adding or changing an object, and the service call that saves them.
package struct AdminForm: Sendable {
    /// An input field.
    package struct Field: Sendable {
        /// The type of input.
        package enum Kind: Sendable {
            case text, longText, email, number, date, flag
            /// A new password; the input is never shown again.
            case password
            case choice([AdminChoice])
            /// The id of an object of this table; set by links from its page.
            case reference(table: String)
        }

        /// Its name, also in validation errors.
        package let key: String
        package let title: String
        package let kind: Kind
        package let isRequired: Bool
        package let help: String
        /// The initial value in a form for a new object.
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

    /// Submitted values; unchecked flags are absent, as browsers send them.
    package struct Values: Sendable {
        private let values: [String: String]

        package init(_ values: [String: String]) {
            self.values = values
        }

        package subscript(key: String) -> String? { values[key] }

        func flag(_ key: String) -> Bool { values[key] != nil }

        /// Requires that the object has not changed since the form was rendered; nothing if the form has no revision.
        var precondition: Precondition {
            values[AdminForm.revision].flatMap { Int64($0) }.map { .revision(among: [$0]) } ?? .none
        }
    }

    /// The form field with the object's revision.
    package static let revision = "revision"

    /// The page's name in URLs: `edit`.
    package let key: String
    /// The title of its button.
    package let title: String
    package let fields: [Field]
    /// Whether saving returns a message that is shown once.
    package let tells: Bool
    /// The required permission; `nil` if access to the table is enough.
    var needed: Action?
    /// Whether it is offered for an object.
    var isOffered: @Sendable (Scope, AdminRow) -> Bool = { _, _ in true }
    /// Saves the object; returns a message to show beyond success, such as a link to pass on.
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

    /// The same with a required permission.
    func needing(_ action: Action) -> AdminForm {
        var copy = self
        copy.needed = action
        return copy
    }

    /// The same, limited to these objects.
    func offered(where isOffered: @escaping @Sendable (Scope, AdminRow) -> Bool) -> AdminForm {
        var copy = self
        copy.isOffered = isOffered
        return copy
    }

    /// The result of a form.
    package struct Saved: Sendable {
        package let id: String
        /// Shown once, and not stored.
        package let message: String?
        /// A path to pass on, shown with the message.
        package let link: String?

        init(_ id: String, message: String? = nil, link: String? = nil) {
            self.id = id
            self.message = message
            self.link = link
        }
    }
}

/// A row of an editable list as submitted, changed or not.
package struct AdminEdit: Sendable {
    package let id: String
    package let values: AdminForm.Values
    /// The values that the list showed.
    private let former: AdminForm.Values

    /// The prefix of fields with the values that the list showed.
    package static let former = "was."

    package init(_ id: String, _ values: AdminForm.Values, former: AdminForm.Values) {
        self.id = id
        self.values = values
        self.former = former
    }

    /// Compares with the displayed values rather than the stored ones, so that an unchanged row does not undo
    /// concurrent changes.
    func changesAnything(_ form: AdminForm) -> Bool {
        form.fields.contains { (values[$0.key] ?? "") != (former[$0.key] ?? "") }
    }
}

/// An operation on one or more objects of a table.
package struct AdminAction: Sendable {
    package let key: String
    /// The title of its button: `Delete`.
    package let title: String
    /// Explains the effect on the confirmation page, in one or two sentences.
    package let explanation: String
    /// Whether it deletes other objects, which the confirmation page counts.
    package let isDestructive: Bool
    /// The required permission; `nil` if access to the table is enough.
    let needed: Action?
    /// Whether it applies to an object in this state.
    let isOffered: @Sendable (AdminRow) -> Bool
    /// The reason it cannot be performed on this object although its state allows it; `nil` if it can.
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

/// The objects of an action, for the confirmation page.
package struct AdminConfirmation: Sendable {
    /// The maximum number listed by name.
    package static let limit = 25

    package let shown: [AdminRow]
    /// The ids of all of them.
    package let ids: [String]
    package let counts: [AdminCount]
    /// Selected objects that would be refused.
    package let refusals: [AdminOutcome.Refusal]
}

/// The result of an action on several objects: each succeeds or fails separately.
package struct AdminOutcome: Sendable {
    /// An unchanged object with the reason.
    package struct Refusal: Sendable {
        package let id: String
        package let name: String
        package let error: AppError

        /// The errors in one line.
        package var sentence: String { error.fieldSentences.joined(separator: " ") }
    }

    package let done: Int
    package let refusals: [Refusal]
}
