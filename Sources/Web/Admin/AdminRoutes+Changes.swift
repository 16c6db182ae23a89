import Administration
import HTTPTypes
import Hummingbird
import Kernel

// Actions on several objects, and acting in another institution.

extension AdminRoutes {
    /// Asks for confirmation, then performs the action on the selected objects.
    @Sendable func act(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        let fields = try await FormFields.body(of: request)
        let origin = AdminListState(table, text: fields["query"])
        let rows = try await chosen(scope, origin, fields)
        guard let action = table.action(fields["action"] ?? ""), !rows.isEmpty else {
            var frame = try await frame(scope, table.title, table)
            frame.failures = [rows.isEmpty ? "Select at least one \(table.singular)." : "Select an action."]
            return try await list(.badRequest, frame, scope, table, origin.query)
        }
        guard fields["confirmed"] == "1" else { return try await confirmation(scope, origin, action, rows) }
        let outcome = try await admin.run(scope, table, action, on: rows)
        if outcome.refusals.isEmpty {
            let done: [FormFields.Pair] = [.init("done", action.key), .init("count", String(outcome.done))]
            return Response.redirect(to: origin.href(telling: done))
        }
        let model = AdminOutcomePage(
            try await frame(scope, action.title, table), origin, done: "\(table.number(outcome.done)) changed.",
            outcome.refusals, backHref: origin.href)
        return page(.conflict, "admin_outcome", model)
    }

    private func chosen(
        _ scope: Scope, _ place: AdminListState, _ fields: FormFields
    ) async throws -> [AdminRow] {
        if fields["all"] == "1" { return try await admin.matching(scope, place.table, place.query) }
        return try await admin.rows(scope, place.table, ids: fields.all("id"))
    }

    private func confirmation(
        _ scope: Scope, _ place: AdminListState, _ action: AdminAction, _ rows: [AdminRow]
    ) async throws -> Response {
        let table = place.table
        let only = rows.count == 1 ? rows.first : nil
        let backHref = only.map { place.object($0.id) } ?? place.href
        let confirmation = try await admin.confirmation(scope, table, action, of: rows)
        // No confirmation if the action would be refused for all objects.
        guard !confirmation.ids.isEmpty else {
            let model = AdminOutcomePage(
                try await frame(scope, action.title, table), place, done: "No changes.",
                confirmation.refusals, backHref: backHref)
            return page(.conflict, "admin_outcome", model)
        }
        let title = action.title(for: table.number(confirmation.ids.count)) + "?"
        let model = AdminConfirmPage(
            try await frame(scope, title, table), place, action, confirmation, backHref: backHref)
        return page(.ok, "admin_confirm", model)
    }

    /// Starts or ends acting as administrator of another institution.
    @Sendable func visit(_ request: Request, _ context: WebContext) async throws -> Response {
        let (scope, table) = try place(context)
        guard table.name == "institutions" else { throw AppError(.notFound, "Not found.") }
        let institution = try await admin.visit(scope, try id(context))
        var response = Response.redirect(to: AdminAddress.root)
        let isHome = institution.id == scope.home
        response.setCookie(
            Cookie(
                name: Authenticator.institutionCookie, value: isHome ? "" : institution.id.string,
                maxAge: isHome ? 0 : SessionCookies(sessions, settings).refreshSeconds, path: "/",
                secure: settings.isSecure, httpOnly: true, sameSite: .strict))
        return response
    }
}
