import Features
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The pages: server-rendered, usable by keyboard; scripts only show progress.
struct PageRoutes {
    let services: WebServices
    let templates: PageTemplates

    private static let refreshCookie = "neuroai_refresh"

    init(services: WebServices) throws {
        self.services = services
        templates = try PageTemplates()
    }

    /// What is the same for everybody.
    static let publicPaths: [RouterPath] = ["assets/:name"]

    func add(to router: Router<WebContext>) {
        router.get("/") { _, context in Response.redirect(to: context.principal == nil ? "/login" : "/cases") }
        router.get("login") { _, _ in page(.ok, "login", SignInPage()) }
        router.post("login", use: login)
        router.get("register") { request, _ in
            page(.ok, "register", SignInPage(title: "Register", invitation: request.query("invitation")))
        }
        router.post("register", use: register)
        router.post("logout", use: logout)
        router.get("password", use: openPassword)
        router.post("password", use: changePassword)
        router.get("cases") { request, context in
            await templates.shown(context) { try await worklist(request, context) }
        }
        router.post("cases", use: createCase)
        router.get("cases/:id") { _, context in await templates.shown(context) { try await casePage(context) } }
        router.get("assets/:name", use: asset)
        AccountRoutes(services: services, templates: templates).add(to: router)
        AdminRoutes(services: services, templates: templates).add(to: router)
    }

    // MARK: Signing in

    private struct SignInForm: Decodable {
        var email: String?
        var password: String?
        var otp: String?
    }

    @Sendable private func login(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.isSameOrigin else { return Response.redirect(to: "/login") }
        let form = try await Self.form(SignInForm.self, of: request)
        do {
            let signedIn = try await services.sessions.login(
                email: form.email ?? "", password: form.password ?? "", code: form.otp, origin: context.origin)
            return enter(signedIn)
        } catch let error as AppError where [.codeRequired, .tooManyRequests].contains(error.code) {
            var response = page(
                error.code == .codeRequired ? .unauthorized : .tooManyRequests, "login",
                SignInPage(errors: [error.message], form.email))
            if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
            return response
        } catch let error as AppError where error.code == .unauthenticated {
            return page(
                .unauthorized, "login",
                SignInPage(errors: ["The e-mail, the password or the code is wrong."], form.email))
        }
    }

    @Sendable private func register(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.isSameOrigin else { return Response.redirect(to: "/register") }
        let form = try await Self.form(Registration.self, of: request)
        do {
            return enter(try await services.users.register(form, origin: context.origin))
        } catch let error as AppError where error.code == .validation {
            return page(
                .badRequest, "register",
                SignInPage(title: "Register", errors: error.sentences, form.email, invitation: form.invitation))
        } catch let error as AppError where error.code == .forbidden {
            return page(.forbidden, "register", SignInPage(title: "Register", errors: [error.message], form.email))
        }
    }

    private func enter(_ signedIn: SignedIn) -> Response {
        var response = Response.redirect(to: "/cases", type: .normal)
        response.setCookie(cookie(Authenticator.cookie, signedIn.tokens.access, path: "/", seconds: 3600))
        response.setCookie(cookie(Self.refreshCookie, signedIn.tokens.refresh, path: "/logout", seconds: 86_400))
        return response
    }

    @Sendable private func logout(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.isSameOrigin else { return Response.redirect(to: "/login") }
        if let token = request.cookies[Self.refreshCookie]?.value {
            // A session that is over already is no reason to keep the cookies.
            try? await services.sessions.logout(refreshToken: token, origin: context.origin)
        }
        var response = Response.redirect(to: "/login", type: .normal)
        response.setCookie(cookie(Authenticator.cookie, "", path: "/", seconds: 0))
        response.setCookie(cookie(Self.refreshCookie, "", path: "/logout", seconds: 0))
        response.setCookie(cookie(Authenticator.institutionCookie, "", path: "/", seconds: 0))
        return response
    }

    private func cookie(_ name: String, _ value: String, path: String, seconds: Int) -> Cookie {
        Cookie(
            name: name, value: value, maxAge: seconds, path: path, secure: services.settings.isSecure, httpOnly: true,
            sameSite: .strict)
    }

    // MARK: Cases

    private struct NewCaseForm: Decodable {
        var patientId: String?
        var age: String?
        var sex: String?
        var indication: String?

        func caseForm() throws -> CaseForm {
            var form = CaseForm()
            form.patientId = .value(patientId ?? "")
            guard let years = Int((age ?? "").trimmed) else {
                throw AppError.invalid("age", "Write the age as a whole number of years.")
            }
            form.age = .value(FormInteger(years))
            form.sex = .value(sex ?? "")
            form.indication = .value(indication ?? "")
            return form
        }
    }

    private func worklist(_ request: Request, _ context: WebContext, errors: [String] = []) async throws -> Response {
        let scope = try context.scope
        var query = CaseQuery()
        query.window = .page(number: request.query("page").flatMap { Int($0) }.map { max(1, $0) } ?? 1, size: 25)
        query.search = request.query("search")
        query.needsReview = try request.flag("needsReview") ? true : nil
        let cases = try await services.cases.list(scope, query)
        let user = try await services.users.profile(scope)
        let mayAdminister = Policy.reach(of: .administer, for: scope.role) != .nothing
        let model = WorklistPage(
            user: user, cases: cases, query: query, errors: errors, mayAdminister: mayAdminister)
        return page(errors.isEmpty ? .ok : .badRequest, "worklist", model)
    }

    @Sendable private func createCase(_ request: Request, _ context: WebContext) async throws -> Response {
        await templates.shown(context) {
            let scope = try context.scope
            do {
                let form = try await Self.form(NewCaseForm.self, of: request, atMost: JSON.bodyLimit).caseForm()
                return Response.redirect(to: "/cases/\(try await services.cases.create(scope, form).id)")
            } catch let error as AppError where error.code == .validation {
                return try await worklist(request, context, errors: error.sentences)
            }
        }
    }

    private func casePage(_ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id(of: Case.self)
        let item = try await services.cases.get(scope, id)
        let images = try await services.images.list(scope, case: id)
        let task = try await services.segmentation.list(scope, case: id, .plain(limit: 1)).items.first
        let result = try await services.segmentation.latestResult(scope, case: id)
        // Researchers see numbers without the report.
        let mayRead = Policy.reach(of: .readReport, scope) != .nothing
        let reports =
            mayRead ? try await services.reports.list(scope, case: id, .plain(limit: Window.plainLimit)).items : []
        let user = try await services.users.profile(scope)
        let model = CasePage(
            user: user, item: item, images: images, task: task, found: result, reports: reports, scope: scope,
            links: services.files)
        return page(.ok, "case", model)
    }

    // MARK: Parts

    @Sendable private func asset(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let asset = context.parameters.get("name").flatMap({ PageAsset(rawValue: $0) }) else {
            throw AppError(.notFound, "There is nothing at this address.")
        }
        return Response(
            status: .ok, headers: [.contentType: asset.mediaType, .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes)))
    }

    func page(_ status: HTTPResponse.Status, _ name: String, _ model: some Sendable) -> Response {
        templates.page(status, name, model)
    }

    /// - Parameter limit: bytes; more than somebody may send before signing in only where the caller knows who asks.
    static func form<Form: Decodable>(
        _ type: Form.Type, of request: Request, atMost limit: Int = Request.anonymousBodyLimit
    ) async throws -> Form {
        try await FormFields.body(of: request, atMost: limit).decoded(as: type)
    }
}

extension AppError {
    /// What is wrong, for a page.
    var sentences: [String] {
        fields.isEmpty
            ? [message]
            : fields.sorted { $0.key < $1.key }.flatMap { field, messages in
                messages.map { field == "non_field_errors" ? $0 : "\(field.replacing("_", with: " ")): \($0)" }
            }
    }
}
