import Administration
import Hummingbird

/// Where in a table's list somebody is or came from: search, filters, order and page. Pages of objects, forms and actions carry
/// it along, so that each way back leads there.
struct AdminListState: Sendable {
    let table: AdminTable
    let query: AdminQuery

    private static let parameter = "list"

    init(_ table: AdminTable, _ query: AdminQuery = AdminQuery()) {
        self.table = table
        self.query = query
    }

    /// As a form or an address names it; text that means no list is the list without any choice.
    init(_ table: AdminTable, text: String?) {
        let fields = try? FormFields(text ?? "")
        self.init(table, fields.flatMap { try? AdminQuery($0, of: table) } ?? AdminQuery())
    }

    /// As the address of a page that is not the list names it.
    init(_ table: AdminTable, of request: Request) throws {
        self.init(table, text: try FormFields.query(of: request)[Self.parameter])
    }

    private var pairs: [FormFields.Pair] { query.pairs + query.pagePair }

    /// What the address of a page that is not the list says of it.
    var carried: [FormFields.Pair] { pairs.isEmpty ? [] : [.init(Self.parameter, text)] }

    /// For a hidden field of a form.
    var text: String { String(AdminAddress.address("", pairs).drop { $0 == "?" }) }

    var href: String { href(telling: []) }

    /// The list, with what has been done.
    func href(telling done: [FormFields.Pair]) -> String {
        AdminAddress.address(AdminAddress.table(table.name), pairs + done)
    }

    /// An object of the list, or a page of it.
    func object(_ id: String, _ page: String? = nil, _ done: [FormFields.Pair] = []) -> String {
        AdminAddress.address(AdminAddress.object(table.name, id, page), carried + done)
    }
}
