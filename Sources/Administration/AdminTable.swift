import Kernel
import Storage

/// A kind of object in the administration: a description for the shared list, filter, form and history pages.
package struct AdminTable: Sendable {
    /// The name in URLs: `cases`.
    package let name: String
    package let title: String
    /// The singular: `case`.
    package let singular: String
    let audit: AuditName
    let source: Source
    package let columns: [AdminColumn]
    package var filters: [AdminFilter] = []
    /// A note about the table; empty by default.
    package var note = ""
    package var related: [AdminRelated] = []
    package var edit: AdminForm?
    package var add: AdminForm?
    /// The form for editing in the list itself: its fields are listed columns, which rows show as inputs.
    package var listEdit: AdminForm?
    /// Additional forms of an object.
    package var forms: [AdminForm] = []
    package var actions: [AdminAction] = []
    /// Whether only superusers may add and edit.
    var isChangedBySuperusersAlone = false

    /// The audit trail's names for the objects and operations: `inference_task` and `inference.read`.
    struct AuditName: Sendable {
        let type: String
        let prefix: String

        init(_ type: String, prefix: String? = nil) {
            self.type = type
            self.prefix = prefix ?? type
        }
    }

    /// The source of the objects.
    enum Source: Sendable {
        case rows(AdminRows)
        /// A service's list; short enough to be searched and sorted in memory.
        case list(@Sendable (AdministeredServices, Scope) async throws -> [AdminRow])
    }

    init(
        _ name: String, _ title: String, _ singular: String, audit: AuditName, _ source: Source,
        _ columns: [AdminColumn]
    ) {
        self.name = name
        self.title = title
        self.singular = singular
        self.audit = audit
        self.source = source
        self.columns = columns
    }

    package var listed: [AdminColumn] { columns.filter(\.isListed) }

    /// The table as available to `scope`: without operations that it would always be denied.
    func offered(to scope: Scope) -> AdminTable {
        let mayChange = !isChangedBySuperusersAlone || scope.isSuperuser
        func mayUse(_ needed: Action?) -> Bool { needed.map { Policy.reach(of: $0, scope) != .nothing } ?? true }
        func offered(_ form: AdminForm?) -> AdminForm? { form.flatMap { mayChange && mayUse($0.needed) ? $0 : nil } }
        var copy = self
        copy.add = offered(add)
        copy.edit = offered(edit)
        copy.listEdit = offered(listEdit)
        copy.forms = forms.compactMap { offered($0) }
        copy.actions = actions.filter { mayUse($0.needed) }
        return copy
    }

    /// The form with this name in URLs.
    package func form(_ key: String) -> AdminForm? { objectForms.first { $0.key == key } }

    /// Every form of an object, in the order of their buttons.
    package var objectForms: [AdminForm] { [edit].compactMap(\.self) + forms }

    package func action(_ key: String) -> AdminAction? { actions.first { $0.key == key } }

    /// The filter for navigating by year, month and day.
    var calendarFilter: AdminFilter? {
        filters.first { filter in
            if case .period = filter.kind { return true }
            return false
        }
    }

    package func filter(_ key: String) -> AdminFilter? { filters.first { $0.key == key } }
}

/// Rows of the database: tables, and the rows visible to a scope.
struct AdminRows: Sendable {
    /// Constant SQL: tables with aliases and joins.
    let from: String
    let id: String
    let order: Order
    /// Lower-case expressions that a search matches.
    let search: [String]
    /// Changes with every change of a row, to detect concurrent edits; `nil` if rows have no revision.
    let revision: String?
    /// Selects a superuser's accounts or sessions.
    let superusers: String?
    let visible: @Sendable (Scope) -> SQL

    /// The default order of a list.
    struct Order: Sendable {
        let column: String
        let isDescending: Bool

        static func newest(_ column: String) -> Order { Order(column: column, isDescending: true) }
        /// Newest first, then by another column.
        static func newest(_ column: String, then other: String) -> Order {
            Order(column: "\(column) DESC, \(other)", isDescending: false)
        }
        static func ascending(_ column: String) -> Order { Order(column: column, isDescending: false) }
    }

    init(
        from: String, id: String, order: Order, search: [String] = [], revision: String? = nil,
        superusers: String? = nil, visible: @escaping @Sendable (Scope) -> SQL
    ) {
        self.from = from
        self.id = id
        self.order = order
        self.search = search
        self.revision = revision
        self.superusers = superusers
        self.visible = visible
    }
}
