import Kernel
import Storage

// The related objects on an object's own page, each with its available actions.

extension AdminService {
    /// In the order of the table's description. Reading them is recorded like reading those lists.
    package func dependants(_ scope: Scope, _ table: AdminTable, _ row: AdminRow) async throws -> [AdminDependants] {
        let counts = try await related(scope, table, ids: [row.id])
        var dependants: [AdminDependants] = []
        for count in counts {
            let isListed = !count.related.isOfInstitution || row.id == scope.institution.string
            let list = isListed ? count.related.list : nil
            dependants.append(
                AdminDependants(
                    count: count, list: list,
                    inline: count.related.isInline ? try await inline(scope, list, of: row.id, in: table) : nil))
        }
        return dependants
    }

    private func inline(
        _ scope: Scope, _ list: AdminRelated.List?, of id: String, in parent: AdminTable
    ) async throws -> AdminDependants.Inline? {
        guard let list else { return nil }
        let table = try self.table(scope, named: list.table)
        guard case .rows(let rows) = table.source else { return nil }
        var query = AdminQuery()
        query.selections = list.selections(of: id)
        let now = clock()
        let found = try await services.database.read { [query] connection in
            try AdminStore(connection).matching(scope, table, rows, query, limit: AdminDependants.limit, at: now)
        }
        if !found.isEmpty { try await record(scope, table, "list", [nil]) }
        let columns = table.listed.filter { !$0.leads(to: parent.name) }
        let keys = Set(columns.map(\.key))
        let items = found.map { row in
            let cells = row.cells.filter { keys.contains($0.column.key) }
            return AdminDependants.Item(
                row: AdminRow(id: row.id, cells: cells), actions: actions(scope, table, on: row))
        }
        return AdminDependants.Inline(table: table, columns: columns, items: items)
    }
}
