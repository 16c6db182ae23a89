import Administration
import Features
import HTTPTypes
import Hummingbird
import Kernel

/// The administration pages: one set of pages for every `AdminTable`, without scripts.
struct AdminRoutes {
    let users: UsersService
    let sessions: SessionsService
    let settings: WebSettings
    let admin: AdminService
    let templates: PageTemplates

    func add(to router: Router<WebContext>) {
        router.get("admin", use: templates.renderingErrors(dashboard))
        router.get("admin/:table", use: templates.renderingErrors(list))
        router.post("admin/:table", use: templates.renderingErrors(act))
        router.get("admin/:table/:id", use: templates.renderingErrors(object))
        router.post("admin/:table/:id", use: templates.renderingErrors(addObject))
        router.post("admin/:table/list", use: templates.renderingErrors(saveList))
        router.post("admin/:table/:id/visit", use: templates.renderingErrors(visit))
        router.get("admin/:table/:id/history", use: templates.renderingErrors(history))
        router.get("admin/:table/:id/:form", use: templates.renderingErrors(openForm))
        router.post("admin/:table/:id/:form", use: templates.renderingErrors(saveForm))
    }

    // MARK: Reading

    private func dashboard(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let model = AdminDashboardPage(
            try await frame(scope, "Overview", nil), try await admin.dashboard(scope))
        return page(.ok, "admin_dashboard", model)
    }

    private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let fields = try FormFields.query(of: request)
        let query = try AdminQuery(fields, of: table)
        var frame = try await frame(scope, table.title, table)
        frame.notice = notice(fields, table)
        return try await list(.ok, frame, scope, table, query)
    }

    func list(
        _ status: HTTPResponse.Status, _ frame: AdminFrame, _ scope: Scope, _ table: AdminTable, _ query: AdminQuery,
        _ refused: RefusedEdits? = nil
    ) async throws -> Response {
        var query = query
        var found = try await admin.list(scope, table, query)
        // The user's page may no longer exist after an action has removed its rows.
        if found.rows.isEmpty && found.count > 0 {
            query.page = (found.count + AdminQuery.pageSize - 1) / AdminQuery.pageSize
            found = try await admin.list(scope, table, query)
        }
        var frame = frame
        frame.failures += refused?.unseen(in: found) ?? []
        var model = AdminListPage(frame, table, found, query, refused)
        if table.name == "audit" {
            let filters = AuditQuery.exportFilters(of: query).map { FormFields.Pair($0.key, $0.value) }
            model.exportHref = AdminAddress.address(AuditRoutes.exportPath, filters)
            model.exportNote = AuditQuery.isNarrower(query) ? "The export ignores some filters of this list." : nil
        }
        return page(status, "admin_list", model)
    }

    private func object(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let id = try id(context)
        if id == "add" { return try await blankForm(request, scope, table) }
        let origin = try AdminListState(table, of: request)
        let row = try await admin.row(scope, table, id: id)
        var frame = try await frame(scope, "\(table.singular.capitalized) \(ShownRow(row, in: origin).name)", table)
        frame.notice = notice(try FormFields.query(of: request), table)
        let dependants = try await admin.dependants(scope, table, row)
        var model = AdminObjectPage(
            frame, origin, row, dependants, admin.actions(scope, table, on: row))
        model.forms = admin.forms(scope, table, of: row).map { .init($0, at: origin.object(row.id, $0.key)) }
        if table.name == "institutions", scope.isSuperuser, row.id != scope.institution.string {
            model.visitPath = AdminAddress.object(table.name, row.id, "visit")
        }
        return page(.ok, "admin_object", model)
    }

    private func history(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let id = try id(context)
        let audit = try admin.table(scope, named: "audit")
        let number = try AdminQuery(FormFields.query(of: request), of: audit).page
        let entries = try await admin.history(scope, table, id: id, page: number)
        let frame = try await frame(scope, "History of \(table.singular) \(id)", table)
        let origin = try AdminListState(table, of: request)
        return page(
            .ok, "admin_history", AdminHistoryPage(frame, origin, id: id, entries, audit: audit, page: number))
    }

    // MARK: Parts

    /// The scope and the table of the request.
    func place(_ context: WebContext) throws -> (Scope, AdminTable) {
        let scope = try context.scope
        return (scope, try admin.table(scope, named: context.parameters.get("table") ?? ""))
    }

    func id(_ context: WebContext) throws -> String {
        guard let id = context.parameters.get("id") else { throw AppError(.notFound, "Not found.") }
        return id
    }

    func frame(_ scope: Scope, _ title: String, _ table: AdminTable?) async throws -> AdminFrame {
        var frame = AdminFrame(
            title, user: try await users.profile(scope), tables: try admin.tables(scope),
            current: table?.name)
        if let visited = try await admin.visited(scope) {
            frame.visited = visited.name
            frame.homePath = AdminAddress.object("institutions", scope.home.string, "visit")
        }
        return frame
    }

    /// The message about the previous page's operation; composed here, so that a URL cannot inject text.
    func notice(_ fields: FormFields, _ table: AdminTable) -> String? {
        guard let done = fields["done"] else { return nil }
        if done == "saved" { return saved(fields["count"].flatMap { Int($0) }, table) }
        guard let action = table.action(done), let count = fields["count"].flatMap({ Int($0) }), count > 0 else {
            return nil
        }
        return "\(action.title): \(table.number(count))."
    }

    /// - Parameter count: the number of rows of a list; `nil` for the object of a form.
    private func saved(_ count: Int?, _ table: AdminTable) -> String {
        guard let count else { return "Saved \(table.singular)." }
        return count > 0 ? "Saved \(table.number(count))." : "No changes."
    }

    func page(_ status: HTTPResponse.Status, _ name: String, _ model: some Sendable) -> Response {
        templates.page(status, name, model)
    }
}
