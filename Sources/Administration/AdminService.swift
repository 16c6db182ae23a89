import Features
import Kernel
import Storage

/// Administrators' view of objects: of any table, through its description and the features' services.
package struct AdminService: Sendable {
    let services: AdministeredServices
    let clock: @Sendable () -> Timestamp

    package init(_ services: AdministeredServices) {
        self.services = services
        clock = services.sessions.clock
    }

    /// The tables visible to `scope`, in menu order.
    package func tables(_ scope: Scope) throws -> [AdminTable] {
        try Policy.require(.administer, scope)
        return AdminTable.all.map { $0.offered(to: scope) }
    }

    package func table(_ scope: Scope, named name: String) throws -> AdminTable {
        guard let table = try tables(scope).first(where: { $0.name == name }) else {
            throw AppError(.notFound, "Not found.")
        }
        return table
    }

    // MARK: Reading

    package func list(_ scope: Scope, _ table: AdminTable, _ query: AdminQuery) async throws -> AdminList {
        try Policy.require(.administer, scope)
        guard query.offset < AdminQuery.countLimit else {
            throw AppError.invalid("page", "This page does not exist. Narrow the list with a filter or a search.")
        }
        let now = clock()
        let list =
            switch table.source {
            case .rows(let rows):
                try await services.database.read { try AdminStore($0).list(scope, table, rows, query, at: now) }
            case .list(let make): try await make(services, scope).page(query, of: table)
            }
        try await record(scope, table, "list", [nil])
        return list
    }

    package func row(_ scope: Scope, _ table: AdminTable, id: String) async throws -> AdminRow {
        try Policy.require(.administer, scope)
        guard let row = try await rows(scope, table, ids: [id]).first else {
            throw AppError(
                .notFound, "\(table.singular.first?.uppercased() ?? "")\(table.singular.dropFirst()) not found.")
        }
        try await record(scope, table, "read", [id])
        return row
    }

    /// The existing objects among `ids`, in order.
    package func rows(_ scope: Scope, _ table: AdminTable, ids: [String]) async throws -> [AdminRow] {
        try Policy.require(.administer, scope)
        guard ids.count <= AdminQuery.bulkLimit else { throw Self.tooMany }
        let found: [AdminRow] =
            switch table.source {
            case .rows(let rows):
                try await services.database.read { try AdminStore($0).rows(scope, table, rows, ids: ids) }
            case .list(let make): try await make(services, scope)
            }
        return ids.compactMap { id in found.first { $0.id == id } }
    }

    /// The objects that match a list's filters and search, on all pages.
    package func matching(_ scope: Scope, _ table: AdminTable, _ query: AdminQuery) async throws -> [AdminRow] {
        try Policy.require(.administer, scope)
        let now = clock()
        let found =
            switch table.source {
            case .rows(let rows):
                try await services.database.read { try AdminStore($0).matching(scope, table, rows, query, at: now) }
            case .list(let make): try await make(services, scope).matching(query, of: table)
            }
        guard found.count <= AdminQuery.bulkLimit else { throw Self.tooMany }
        return found
    }

    /// The confirmation page for `rows`: the first of them by name, recorded as reads, and the objects deleted with all
    /// of them if the action is destructive.
    package func confirmation(
        _ scope: Scope, _ table: AdminTable, _ action: AdminAction, of rows: [AdminRow]
    ) async throws -> AdminConfirmation {
        let refusals = rows.compactMap { row in
            refusal(scope, table, action, on: row).map { AdminOutcome.Refusal(id: row.id, name: row.name, error: $0) }
        }
        let refused = Set(refusals.map(\.id))
        let rows = rows.filter { !refused.contains($0.id) }
        let shown = Array(rows.prefix(AdminConfirmation.limit))
        let ids = rows.map(\.id)
        let counts = action.isDestructive ? try await related(scope, table, ids: ids) : []
        try await record(scope, table, "read", shown.map(\.id) + refusals.map(\.id))
        return AdminConfirmation(shown: shown, ids: ids, counts: counts, refusals: refusals)
    }

    /// The known reason that `action` is refused for `row`; the feature's service decides.
    private func refusal(
        _ scope: Scope, _ table: AdminTable, _ action: AdminAction, on row: AdminRow
    ) -> AppError? {
        if isReserved(row, scope) {
            return AppError(.forbidden, "Only superusers can change a superuser's account or end its sessions.")
        }
        if let obstacle = action.obstacle(row) { return AppError(.conflict, obstacle) }
        guard action.isOffered(row) else {
            return AppError(.conflict, "The state of the \(table.singular) does not permit this action.")
        }
        return nil
    }

    /// Whether the reader may not change `row`.
    package func isReserved(_ row: AdminRow, _ scope: Scope) -> Bool { row.isSuperusers && !scope.isSuperuser }

    /// The objects related to these, in the order of the table's description.
    package func related(_ scope: Scope, _ table: AdminTable, ids: [String]) async throws -> [AdminCount] {
        try Policy.require(.administer, scope)
        return try await services.database.read { connection in
            try table.related.map { try AdminStore(connection).count(scope, $0, of: ids) }
        }
    }

    /// The audit trail of one object, newest first.
    package func history(_ scope: Scope, _ table: AdminTable, id: String, page: Int) async throws -> AdminList {
        var query = AdminQuery()
        query.page = page
        query.selections = [.init("object", id)]
        return try await list(scope, AdminTable.audit, query)
    }

    /// The institution that `scope` acts in, if it is not its own.
    package func visited(_ scope: Scope) async throws -> Institution? {
        guard scope.isVisiting else { return nil }
        return try await services.users.institutions.get(scope, scope.institution)
    }

    /// The institution that a superuser switches to.
    package func visit(_ scope: Scope, _ id: String) async throws -> Institution {
        try await services.users.institutions.get(scope, AdministeredServices.id(id, of: InstitutionID.self))
    }

    package func dashboard(_ scope: Scope) async throws -> AdminDashboard {
        try Policy.require(.administer, scope)
        let now = clock()
        var dashboard = try await services.database.read { try AdminStore($0).dashboard(scope, at: now) }
        dashboard.model = try await services.models.list(scope, .plain(limit: 1)).items.first { $0.isActive }
        return dashboard
    }

    // MARK: Changing

    /// Performs `action` on each object; a refused object is unchanged and does not affect the others.
    package func run(
        _ scope: Scope, _ table: AdminTable, _ action: AdminAction, on rows: [AdminRow]
    ) async throws -> AdminOutcome {
        try Policy.require(.administer, scope)
        return try await each(scope, table, rows) { row in
            if let refusal = refusal(scope, table, action, on: row) { throw refusal }
            try await action.run(services, scope, row.id)
        }
    }

    /// Performs `change` on each row separately and collects refusals, which name the rows and are therefore recorded
    /// as reads.
    private func each(
        _ scope: Scope, _ table: AdminTable, _ rows: [AdminRow], _ change: (AdminRow) async throws -> Void
    ) async throws -> AdminOutcome {
        var done = 0
        var refusals: [AdminOutcome.Refusal] = []
        for row in rows {
            do {
                try await change(row)
                done += 1
            } catch {
                let known = AppError.wrapping(error)
                // An internal error is not a refusal: it would be the same for every object.
                guard known.code != .internalFault && known.code != .unavailable else { throw error }
                refusals.append(.init(id: row.id, name: row.name, error: known))
            }
        }
        try await record(scope, table, "read", refusals.map(\.id))
        return AdminOutcome(done: done, refusals: refusals)
    }

    /// Saves an editable list. Unchanged rows are skipped; a row that is refused, or was changed in the meantime, is
    /// unchanged and does not affect the others.
    package func save(
        _ scope: Scope, _ table: AdminTable, _ form: AdminForm, _ edits: [AdminEdit]
    ) async throws -> AdminOutcome {
        try Policy.require(.administer, scope)
        let changed = edits.filter { $0.changesAnything(form) }
        let rows = try await rows(scope, table, ids: changed.map(\.id))
        guard rows.count == changed.count else {
            throw AppError(
                .notFound, "\(table.singular.first?.uppercased() ?? "")\(table.singular.dropFirst()) not found.")
        }
        let values = Dictionary(changed.map { ($0.id, $0.values) }, uniquingKeysWith: { first, _ in first })
        return try await each(scope, table, rows) { row in
            guard let values = values[row.id] else { return }
            _ = try await form.save(services, scope, row.id, values)
        }
    }

    /// The actions available for `row`.
    package func actions(_ scope: Scope, _ table: AdminTable, on row: AdminRow) -> [AdminAction] {
        table.actions.filter { refusal(scope, table, $0, on: row) == nil }
    }

    /// The forms available for `row`.
    package func forms(_ scope: Scope, _ table: AdminTable, of row: AdminRow) -> [AdminForm] {
        table.objectForms.filter { !isReserved(row, scope) && $0.isOffered(scope, row) }
    }

    package func save(
        _ scope: Scope, _ form: AdminForm, id: String, _ values: AdminForm.Values
    ) async throws -> AdminForm.Saved {
        try Policy.require(.administer, scope)
        return try await form.save(services, scope, id, values)
    }

    // MARK: Parts

    func record(_ scope: Scope, _ table: AdminTable, _ verb: String, _ ids: [String?]) async throws {
        let now = clock()
        try await services.audit.record(
            ids.map { AuditEntry(scope, "\(table.audit.prefix).\(verb)", table.audit.type, $0, at: now) })
    }

    private static let tooMany = AppError.invalid(
        "ids", "At most \(AdminQuery.bulkLimit) objects are changed at once; narrow the list by a filter.")
}

extension [AdminRow] {
    /// The rows that match a query, for lists that are not in the database.
    func matching(_ query: AdminQuery, of table: AdminTable) throws -> [AdminRow] {
        let words = query.search.lowercased().split(whereSeparator: \.isWhitespace)
        let found = filter { row in
            let text = row.cells.map(\.text).joined(separator: "\n").lowercased()
            return words.allSatisfy { text.contains($0) || row.id == $0 }
                && query.selections.allSatisfy { row[$0.key].map(\.text) == $0.value }
        }
        guard let sort = query.sort, table.columns.contains(where: { $0.key == sort && $0.isSortable }) else {
            return found
        }
        let sorted = found.sorted { ($0[sort]?.text ?? "") < ($1[sort]?.text ?? "") }
        return query.isDescending ? sorted.reversed() : sorted
    }

    func page(_ query: AdminQuery, of table: AdminTable) throws -> AdminList {
        let found = try matching(query, of: table)
        let part = found.dropFirst(query.offset).prefix(AdminQuery.pageSize)
        let listed = part.map { row in AdminRow(id: row.id, cells: row.cells.filter(\.column.isListed)) }
        return AdminList(
            rows: listed, count: found.count, hasUncounted: false, hasNext: query.offset + part.count < found.count,
            facets: query.showsCounts ? try facets(query, of: table) : [])
    }

    private func facets(_ query: AdminQuery, of table: AdminTable) throws -> [AdminFacet] {
        try table.filters.filter { !$0.choices.isEmpty }.map { filter in
            let counts = try filter.choices.map {
                try matching(query.choosing($0.value, of: filter.key), of: table).count
            }
            return AdminFacet(filter: filter.key, counts: counts)
        }
    }
}
