import Administration
import Hummingbird

/// The state of a table's list: search, filters, order and page. Pages of objects, forms and actions preserve it, so
/// that they lead back to it.
struct AdminListState: Sendable {
    let table: AdminTable
    let query: AdminQuery

    private static let parameter = "list"

    init(_ table: AdminTable, _ query: AdminQuery = AdminQuery()) {
        self.table = table
        self.query = query
    }

    /// From a form or a query parameter; invalid text gives the default state.
    init(_ table: AdminTable, text: String?) {
        let fields = try? FormFields(text ?? "")
        self.init(table, fields.flatMap { try? AdminQuery($0, of: table) } ?? AdminQuery())
    }

    /// From the URL of a page other than the list.
    init(_ table: AdminTable, of request: Request) throws {
        self.init(table, text: try FormFields.query(of: request)[Self.parameter])
    }

    private var pairs: [FormFields.Pair] { query.pairs + query.pagePair }

    /// The state as a query parameter for pages other than the list.
    var carried: [FormFields.Pair] { pairs.isEmpty ? [] : [.init(Self.parameter, text)] }

    /// For a hidden field of a form.
    var text: String { String(AdminAddress.address("", pairs).drop { $0 == "?" }) }

    var href: String { href(telling: []) }

    /// The list, with a message about a completed operation.
    func href(telling done: [FormFields.Pair]) -> String {
        AdminAddress.address(AdminAddress.table(table.name), pairs + done)
    }

    /// An object of the list, or one of its pages.
    func object(_ id: String, _ page: String? = nil, _ done: [FormFields.Pair] = []) -> String {
        AdminAddress.address(AdminAddress.object(table.name, id, page), carried + done)
    }
}
