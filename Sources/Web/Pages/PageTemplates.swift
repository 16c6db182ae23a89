import HTTPTypes
import Hummingbird
import Kernel
import Mustache
import NIOCore

/// The pages' templates, compiled once; Mustache escapes every value.
struct PageTemplates: Sendable {
    private let library: MustacheLibrary

    private static let compiled = Result { try compile() }

    init() throws {
        library = try Self.compiled.get()
    }

    private static func compile() throws -> MustacheLibrary {
        let sources: [(String, [UInt8])] = [
            ("head", PackageResources.head_mustache), ("foot", PackageResources.foot_mustache),
            ("login", PackageResources.login_mustache), ("register", PackageResources.register_mustache),
            ("registered", PackageResources.registered_mustache),
            ("worklist", PackageResources.worklist_mustache), ("case", PackageResources.case_mustache),
            ("failure", PackageResources.failure_mustache), ("account", PackageResources.account_mustache),
            ("recovery_codes", PackageResources.recovery_codes_mustache),
            ("admin_head", PackageResources.admin_head_mustache),
            ("admin_menu", PackageResources.admin_menu_mustache),
            ("admin_dashboard", PackageResources.admin_dashboard_mustache),
            ("admin_list", PackageResources.admin_list_mustache),
            ("admin_object", PackageResources.admin_object_mustache),
            ("admin_form", PackageResources.admin_form_mustache),
            ("admin_confirm", PackageResources.admin_confirm_mustache),
            ("admin_outcome", PackageResources.admin_outcome_mustache),
            ("admin_history", PackageResources.admin_history_mustache),
            ("admin_pager", PackageResources.admin_pager_mustache),
            ("admin_foot", PackageResources.admin_foot_mustache),
            ("admin_cell", PackageResources.admin_cell_mustache),
            ("admin_control", PackageResources.admin_control_mustache),
            ("password", PackageResources.password_mustache),
            ("continue", PackageResources.continue_mustache),
        ]
        var library = MustacheLibrary()
        for (name, bytes) in sources {
            library.register(try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self)), named: name)
        }
        return library
    }

    func render(_ name: String, _ model: some Sendable) -> String {
        library.render(model, withTemplate: name) ?? ""
    }

    func page(_ status: HTTPResponse.Status, _ name: String, _ model: some Sendable) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: render(name, model))))
    }

    /// Returns an error page instead of JSON.
    func renderingErrors(_ handler: @escaping APIRoute.Handler) -> APIRoute.Handler {
        { request, context in
            do {
                return try await handler(request, context)
            } catch {
                return await failure(error, request, context)
            }
        }
    }

    /// Shows the sign-in form to unauthenticated users, the enrolment page to users who require a second factor, and
    /// otherwise an error page.
    func failure(
        _ error: any Error, _ request: Request, _ context: WebContext,
        _ lead: (inout FailurePage) async -> Void = { _ in }
    ) async -> Response {
        let plain = ErrorResponse.make(error, context)
        let known = AppError.presenting(error)
        if known.code == .unauthenticated { return Response.redirect(to: ReturnPath.signIn(request)) }
        if known.code == .secondFactorRequired { return Response.redirect(to: AccountRoutes.path) }
        var model = FailurePage(plain.status, known, context)
        await lead(&model)
        var response = page(plain.status, "failure", model)
        for name in [HTTPField.Name.retryAfter, .allow] { response.headers[name] = plain.headers[name] }
        return response
    }
}

extension AppError {
    /// The error to display for any failure, including those of the router and the framework.
    fileprivate static func presenting(_ error: any Error) -> AppError {
        if error is MethodRefusal { return AppError(.conflict, "This page cannot be opened directly.") }
        guard let error = error as? HTTPError else { return wrapping(error) }
        return switch error.status {
        case .notFound: AppError(.notFound, "This page does not exist. Check the address.")
        case .contentTooLarge: AppError(.tooLarge, "The request is too large.")
        default: AppError(.validation, error.body ?? "Malformed request.")
        }
    }
}

/// The resources of pages.
enum PageAsset: String, CaseIterable {
    case style = "site.css"
    case admin = "admin.css"
    case script = "case.js"

    var mediaType: String {
        switch self {
        case .style, .admin: "text/css; charset=utf-8"
        case .script: "text/javascript; charset=utf-8"
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .style: PackageResources.site_css
        case .admin: PackageResources.admin_css
        case .script: PackageResources.case_js
        }
    }
}
