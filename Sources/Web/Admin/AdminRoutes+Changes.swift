import Features
import HTTPTypes
import Hummingbird

// Actions on several objects, and the forms that make and change one.

extension AdminRoutes {
    /// Asks once more, then does what was chosen to each object that was chosen.
    @Sendable func act(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let fields = try await FormFields.body(of: request)
        let query = try AdminQuery(FormFields(fields["query"] ?? ""), of: table)
        let rows = try await chosen(scope, table, fields, query)
        guard let action = table.action(fields["action"] ?? ""), !rows.isEmpty else {
            var frame = try await frame(scope, table.title, table)
            frame.failures = [rows.isEmpty ? "Choose at least one \(table.singular)." : "Choose an action."]
            return try await list(.badRequest, frame, scope, table, query)
        }
        guard fields["confirmed"] == "1" else { return try await confirmation(scope, table, action, rows) }
        let outcome = try await admin.run(scope, table, action, on: rows)
        let path = AdminAddress.table(table.name)
        if outcome.refusals.isEmpty {
            let done: [FormFields.Pair] = [.init("done", action.key), .init("count", String(outcome.done))]
            return Response.redirect(to: AdminAddress.address(path, done))
        }
        let model = AdminOutcomePage(
            try await frame(scope, action.title, table), table, done: "Done for \(table.number(outcome.done)).",
            outcome.refusals, backHref: path)
        return page(.conflict, "admin_outcome", model)
    }

    private func chosen(
        _ scope: Scope, _ table: AdminTable, _ fields: FormFields, _ query: AdminQuery
    ) async throws -> [AdminRow] {
        if fields["all"] == "1" { return try await admin.matching(scope, table, query) }
        return try await admin.rows(scope, table, ids: fields.all("id"))
    }

    private func confirmation(
        _ scope: Scope, _ table: AdminTable, _ action: AdminAction, _ rows: [AdminRow]
    ) async throws -> Response {
        let ids = rows.map(\.id)
        let counts = action.isDestructive ? try await admin.related(scope, table, ids: ids) : []
        let only = rows.count == 1 ? rows.first : nil
        let model = AdminConfirmPage(
            try await frame(scope, "\(action.title): \(table.number(rows.count))?", table), table, action, rows, counts,
            backHref: only.map { AdminAddress.object(table.name, $0.id) } ?? AdminAddress.table(table.name))
        return page(.ok, "admin_confirm", model)
    }

    /// A superuser acts as administrator of another institution from now on, or of the own one again.
    @Sendable func visit(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        guard table.name == "institutions" else { throw AppError(.notFound, "There is nothing at this address.") }
        let institution = try await admin.visit(scope, try id(context))
        var response = Response.redirect(to: AdminAddress.root)
        let isHome = institution.id == scope.home
        response.setCookie(
            Cookie(
                name: Authenticator.institutionCookie, value: isHome ? "" : institution.id.string,
                maxAge: isHome ? 0 : 43_200, path: "/",
                secure: services.settings.publicURL?.hasPrefix("https://") ?? false, httpOnly: true, sameSite: .strict))
        return response
    }

    // MARK: Forms

    func blankForm(_ scope: Scope, _ table: AdminTable) async throws -> Response {
        guard let form = table.add else { throw AppError(.notFound, "None can be added here.") }
        return try await formPage(.ok, scope, table, form, id: "add", .init([:]), nil)
    }

    @Sendable func addObject(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        guard try id(context) == "add", let form = table.add else {
            throw AppError(.notFound, "There is nothing at this address.")
        }
        return try await submit(request, scope, table, form, id: "add")
    }

    @Sendable func edit(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let form = try editForm(table)
        let row = try await admin.row(scope, table, id: try id(context))
        return try await formPage(.ok, scope, table, form, id: row.id, form.values(of: row), nil)
    }

    @Sendable func save(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        return try await submit(request, scope, table, editForm(table), id: try id(context))
    }

    private func editForm(_ table: AdminTable) throws -> AdminForm {
        guard let form = table.edit else { throw AppError(.notFound, "This can't be edited.") }
        return form
    }

    /// The object's page where the form was good, else the form with what is wrong.
    private func submit(
        _ request: Request, _ scope: Scope, _ table: AdminTable, _ form: AdminForm, id: String
    ) async throws -> Response {
        let values = form.values(of: try await FormFields.body(of: request))
        do {
            let saved = try await admin.save(scope, form, id: id, values)
            let path = AdminAddress.object(table.name, saved.id)
            guard let message = saved.message else {
                return Response.redirect(to: AdminAddress.address(path, [.init("done", "saved")]))
            }
            let frame = try await frame(scope, "Add \(table.singular)", table)
            let link = saved.link.map { request.base(services.settings) + $0 }
            let model = AdminOutcomePage(frame, table, done: message, handOn: link, backHref: path)
            return page(.ok, "admin_outcome", model)
        } catch let error as AppError where error.isForTheForm {
            let status = ErrorResponse.status(of: error.code)
            return try await formPage(status, scope, table, form, id: id, values, error)
        }
    }

    private func formPage(
        _ status: HTTPResponse.Status, _ scope: Scope, _ table: AdminTable, _ form: AdminForm, id: String,
        _ values: AdminForm.Values, _ error: AppError?
    ) async throws -> Response {
        let isNew = id == "add"
        let title = isNew ? "Add \(table.singular)" : "Edit \(table.singular)"
        let model = AdminFormPage(
            try await frame(scope, title, table), form, values, error: error,
            path: AdminAddress.object(table.name, id, isNew ? nil : "edit"),
            backHref: isNew ? AdminAddress.table(table.name) : AdminAddress.object(table.name, id),
            button: isNew ? "Add" : "Save")
        return page(status, "admin_form", model)
    }
}

extension AppError {
    /// Whether whoever filled in the form can do something about it there.
    fileprivate var isForTheForm: Bool { [.validation, .conflict, .preconditionFailed].contains(code) }
}
