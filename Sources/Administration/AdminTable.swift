import Kernel
import Storage

/// One kind of object as administrators see it: a description from which the same pages make its list, its filters, its
/// forms and its history.
package struct AdminTable: Sendable {
    /// Stands in addresses: `cases`.
    package let name: String
    package let title: String
    /// One of them: `case`.
    package let singular: String
    let audit: AuditName
    let source: Source
    package let columns: [AdminColumn]
    package var filters: [AdminFilter] = []
    /// A word about the table; empty where it needs none.
    package var note = ""
    package var related: [AdminRelated] = []
    package var edit: AdminForm?
    package var add: AdminForm?
    /// What can be changed in the list itself: its fields are listed columns, which the rows show as controls.
    package var listEdit: AdminForm?
    /// Further forms of one object.
    package var forms: [AdminForm] = []
    package var actions: [AdminAction] = []
    /// Whether only superusers add and edit, whoever else sees it.
    var isChangedBySuperusersAlone = false

    /// How the audit trail names the objects and what is done to them: `inference_task` and `inference.read`.
    struct AuditName: Sendable {
        let type: String
        let prefix: String

        init(_ type: String, prefix: String? = nil) {
            self.type = type
            self.prefix = prefix ?? type
        }
    }

    /// Where the objects come from.
    enum Source: Sendable {
        case rows(AdminRows)
        /// What a service lists; few enough to be searched and sorted here.
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

    /// The same as `scope` may use it: without what it would be refused for every object.
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

    /// The form of one object that stands under this name in addresses.
    package func form(_ key: String) -> AdminForm? { objectForms.first { $0.key == key } }

    /// Every form of one object, in the order of the buttons that lead to them.
    package var objectForms: [AdminForm] { [edit].compactMap(\.self) + forms }

    package func action(_ key: String) -> AdminAction? { actions.first { $0.key == key } }

    /// The filter by which the pages lead through years, months and days.
    var calendarFilter: AdminFilter? {
        filters.first { filter in
            if case .period = filter.kind { return true }
            return false
        }
    }

    package func filter(_ key: String) -> AdminFilter? { filters.first { $0.key == key } }
}

/// Rows of the database: which tables, and which of their rows a scope may see.
struct AdminRows: Sendable {
    /// SQL of ours: tables with their aliases and joins.
    let from: String
    let id: String
    let order: Order
    /// Lower-case texts that a search looks through.
    let search: [String]
    /// Changes with every change of a row, which forms then refuse to overwrite; nil where rows have no such number.
    let revision: String?
    /// Says which rows are a superuser's account or session.
    let superusers: String?
    let visible: @Sendable (Scope) -> SQL

    /// The order of a list in which nobody has chosen one.
    struct Order: Sendable {
        let column: String
        let isDescending: Bool

        static func newest(_ column: String) -> Order { Order(column: column, isDescending: true) }
        /// The newest first, and rows of one time in the order of another column.
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
