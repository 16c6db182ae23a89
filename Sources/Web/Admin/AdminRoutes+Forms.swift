import Administration
import HTTPTypes
import Hummingbird
import Kernel

// The forms for adding and changing an object, and the editable list.

extension AdminRoutes {
    // MARK: One object

    /// Empty except for the references set by links from other pages.
    func blankForm(_ request: Request, _ scope: Scope, _ table: AdminTable) async throws -> Response {
        guard let form = table.add else { throw AppError(.notFound, "Objects of this type cannot be added here.") }
        let fields = try FormFields.query(of: request)
        let named = form.fields.compactMap { field -> (String, String)? in
            if case .reference = field.kind, let id = fields[field.key] { return (field.key, id) }
            return field.initial.map { (field.key, $0) }
        }
        let values = AdminForm.Values(Dictionary(named, uniquingKeysWith: { first, _ in first }))
        return try await formPage(
            .ok, scope, AdminListState(table, of: request), form, .add, values, notice: notice(fields, table))
    }

    @Sendable func addObject(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        guard try id(context) == "add", let form = table.add else {
            throw AppError(.notFound, "Not found.")
        }
        return try await submit(request, scope, table, form, .add)
    }

    @Sendable func openForm(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let form = try form(table, context)
        let row = try await admin.row(scope, table, id: try id(context))
        guard admin.forms(scope, table, of: row).contains(where: { $0.key == form.key }) else {
            throw AppError(.conflict, "\(form.title) is not possible for this \(table.singular).")
        }
        let notice = notice(try FormFields.query(of: request), table)
        return try await formPage(
            .ok, scope, AdminListState(table, of: request), form, .object(row.id), form.values(of: row), notice: notice)
    }

    @Sendable func saveForm(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        return try await submit(request, scope, table, form(table, context), .object(try id(context)))
    }

    private func form(_ table: AdminTable, _ context: WebContext) throws -> AdminForm {
        guard let form = table.form(context.parameters.get("form") ?? "") else {
            throw AppError(.notFound, "Not found.")
        }
        return form
    }

    /// The subject of a form.
    private enum Subject {
        case add
        case object(String)
    }

    /// Continues to the requested page, by default the object's; shows the form with its errors if it is invalid.
    private func submit(
        _ request: Request, _ scope: Scope, _ table: AdminTable, _ form: AdminForm, _ subject: Subject
    ) async throws -> Response {
        let place = try AdminListState(table, of: request)
        let sent = try await FormFields.body(of: request)
        let values = form.values(of: sent)
        var name = "add"
        if case .object(let id) = subject { name = id }
        do {
            let saved = try await admin.save(scope, form, id: name, values)
            guard let message = saved.message else {
                return Response.redirect(to: Self.address(after: saved.id, sent, place))
            }
            let frame = try await frame(scope, "Add \(table.singular)", table)
            let link = saved.link.map { request.base(settings) + $0 }
            let model = AdminOutcomePage(frame, place, done: message, handOn: link, backHref: place.object(saved.id))
            return page(.ok, "admin_outcome", model)
        } catch let error as AppError where error.isForTheForm {
            let status = ErrorResponse.status(of: error.code)
            return try await formPage(status, scope, place, form, subject, values, error: error)
        }
    }

    private static func address(after id: String, _ sent: FormFields, _ place: AdminListState) -> String {
        let done: [FormFields.Pair] = [.init("done", "saved")]
        return switch sent[AdminFormPage.Next.name].flatMap({ AdminFormPage.Next(rawValue: $0) }) {
        case .editing where place.table.edit != nil: place.object(id, "edit", done)
        case .another where place.table.add != nil: place.object("add", nil, done)
        default: place.object(id, nil, done)
        }
    }

    private func formPage(
        _ status: HTTPResponse.Status, _ scope: Scope, _ place: AdminListState, _ form: AdminForm, _ subject: Subject,
        _ values: AdminForm.Values, error: AppError? = nil, notice: String? = nil
    ) async throws -> Response {
        let table = place.table
        let model: AdminFormPage
        switch subject {
        case .add:
            var frame = try await frame(scope, "Add \(table.singular)", table)
            frame.notice = notice
            model = AdminFormPage(
                frame, form, values, error: error, path: place.object("add"),
                backHref: place.href, button: "Add",
                further: form.tells ? [] : Self.further(table, "Add"))
        case .object(let id):
            let isEdit = form.key == table.edit?.key
            var frame = try await frame(
                scope, isEdit ? "Edit \(table.singular)" : "\(form.title): \(table.singular)", table)
            frame.notice = notice
            model = AdminFormPage(
                frame, form, values, error: error, path: place.object(id, form.key),
                backHref: place.object(id), button: isEdit ? "Save" : form.title,
                further: isEdit ? Self.further(table, "Save") : [])
        }
        return page(status, "admin_form", model)
    }

    private static func further(_ table: AdminTable, _ verb: String) -> [AdminFormPage.Further] {
        var further: [AdminFormPage.Further] = []
        if table.edit != nil { further.append(.init(.editing, "\(verb) and continue editing")) }
        if table.add != nil { further.append(.init(.another, "\(verb) and add another")) }
        return further
    }

    // MARK: Several objects in their list

    /// Returns to the list if every changed row was saved, otherwise shows the list with the errors.
    @Sendable func saveList(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        guard let form = table.listEdit else { throw AppError(.notFound, "This list cannot be edited.") }
        let sent = try await FormFields.body(of: request)
        let origin = AdminListState(table, text: sent["query"])
        let ids = sent.all("row")
        guard ids.count <= AdminQuery.pageSize, Set(ids).count == ids.count else {
            throw AppError.invalid("non_field_errors", "Invalid form data.")
        }
        let edits = ids.map { id in
            AdminEdit(
                id, form.values(of: sent, row: id), former: form.values(of: sent, prefix: AdminEdit.former, row: id))
        }
        let outcome = try await admin.save(scope, table, form, edits)
        if outcome.refusals.isEmpty {
            let done: [FormFields.Pair] = [.init("done", "saved"), .init("count", String(outcome.done))]
            return Response.redirect(to: origin.href(telling: done))
        }
        var frame = try await frame(scope, table.title, table)
        if outcome.done > 0 { frame.notice = "Saved \(table.number(outcome.done))." }
        frame.failures = ["Not saved: \(table.number(outcome.refusals.count)). See the messages below."]
        return try await list(.conflict, frame, scope, table, origin.query, RefusedEdits(edits, outcome.refusals))
    }
}

extension AppError {
    /// Whether the user can correct the error in the form.
    fileprivate var isForTheForm: Bool { [.validation, .conflict, .preconditionFailed].contains(code) }
}
