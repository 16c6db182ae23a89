import Features
import HTTPTypes
import Hummingbird
import NIOCore

/// The administration pages: one set of pages for every `AdminTable`, without scripts.
struct AdminRoutes {
    let services: WebServices
    let templates: PageTemplates

    var admin: AdminService { services.admin }

    func add(to router: Router<WebContext>) {
        router.get("admin", use: shown(dashboard))
        router.get("admin/:table", use: shown(list))
        router.post("admin/:table", use: shown(act))
        router.get("admin/:table/:id", use: shown(object))
        router.post("admin/:table/:id", use: shown(addObject))
        router.get("admin/:table/:id/edit", use: shown(edit))
        router.post("admin/:table/:id/edit", use: shown(save))
        router.post("admin/:table/:id/visit", use: shown(visit))
        router.get("admin/:table/:id/history", use: shown(history))
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
        _ status: HTTPResponse.Status, _ frame: AdminFrame, _ scope: Scope, _ table: AdminTable, _ query: AdminQuery
    ) async throws -> Response {
        let found = try await admin.list(scope, table, query)
        return page(status, "admin_list", AdminListPage(frame, table, found, query))
    }

    private func object(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let id = try id(context)
        if id == "add" { return try await blankForm(scope, table) }
        let row = try await admin.row(scope, table, id: id)
        var frame = try await frame(scope, "\(table.singular.capitalized) \(ShownRow(row, of: table).name)", table)
        frame.notice = notice(try FormFields.query(of: request), table)
        let counts = try await admin.related(scope, table, ids: [row.id])
        var model = AdminObjectPage(frame, table, row, counts, admin.actions(table, on: row))
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
        return page(
            .ok, "admin_history", AdminHistoryPage(frame, table, id: id, entries, audit: audit, page: number))
    }

    // MARK: Parts

    /// Who asks, and for which table.
    func place(_ context: WebContext) throws -> (Scope, AdminTable) {
        let scope = try context.scope
        return (scope, try admin.table(scope, named: context.parameters.get("table") ?? ""))
    }

    func id(_ context: WebContext) throws -> String {
        guard let id = context.parameters.get("id") else { throw AppError(.notFound, "There is nothing here.") }
        return id
    }

    func frame(_ scope: Scope, _ title: String, _ table: AdminTable?) async throws -> AdminFrame {
        var frame = AdminFrame(
            title, user: try await services.users.profile(scope), tables: try admin.tables(scope),
            current: table?.name)
        if let visited = try await admin.visited(scope) {
            frame.visited = visited.name
            frame.homePath = AdminAddress.object("institutions", scope.home.string, "visit")
        }
        return frame
    }

    /// The words for what the page before has done; made here, so that no address can put words into a page.
    private func notice(_ fields: FormFields, _ table: AdminTable) -> String? {
        guard let done = fields["done"] else { return nil }
        if done == "saved" { return "The \(table.singular) was saved." }
        guard let action = table.action(done), let count = fields["count"].flatMap({ Int($0) }), count > 0 else {
            return nil
        }
        return "\(action.title): done for \(table.number(count))."
    }

    func page(_ status: HTTPResponse.Status, _ name: String, _ model: some Sendable) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: templates.render(name, model))))
    }

    private typealias Handler = @Sendable (Request, WebContext) async throws -> Response

    /// A page in place of JSON where something fails; who is not signed in gets the form for it.
    private func shown(_ handler: @escaping Handler) -> Handler {
        { request, context in
            do {
                return try await handler(request, context)
            } catch {
                let known = AppError.wrapping(error)
                if known.code == .unauthenticated { return Response.redirect(to: "/login") }
                let plain = ErrorResponse.make(error, context)
                return page(plain.status, "failure", SignInPage(errors: known.sentences))
            }
        }
    }
}
