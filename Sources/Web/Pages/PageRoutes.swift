import Features
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// The pages: server-rendered, usable by keyboard; scripts only show progress.
struct PageRoutes {
    let users: UsersService
    let sessions: SessionsService
    let cases: CasesService
    let images: ImagesService
    let segmentation: SegmentationService
    let reports: ReportsService
    let files: FilesService
    /// `nil` if no provider is configured.
    let singleSignOn: SingleSignOnService?
    let settings: WebSettings
    let templates: PageTemplates

    /// Paths with the same content for everyone.
    static let publicPaths: [RouterPath] = ["assets/:name"]

    func add(to router: Router<WebContext>) {
        router.get("/") { _, context in Response.redirect(to: context.principal == nil ? "/login" : "/cases") }
        router.get("login", use: openSignIn)
        router.post("login", use: signIn)
        router.get("register", use: templates.renderingErrors(openRegistration))
        router.post("register", use: templates.renderingErrors(register))
        router.post("logout", use: signOut)
        router.get("password", use: templates.renderingErrors(openPassword))
        router.post("password", use: templates.renderingErrors(changePassword))
        router.get("cases", use: templates.renderingErrors { try await worklist($0, $1) })
        router.post("cases", use: templates.renderingErrors(createCase))
        router.get("cases/:id", use: templates.renderingErrors { try await casePage($1) })
        router.get("assets/:name", use: asset)
    }

    // MARK: Cases

    struct NewCaseForm: Decodable {
        var patientId: String?
        var age: String?
        var sex: String?
        var indication: String?

        func caseForm() throws -> CaseForm {
            var form = CaseForm()
            let entered: [(CaseField, String?)] = [
                (.patientID, patientId), (.age, age), (.sex, sex), (.indication, indication),
            ]
            for (field, text) in entered { form[field] = try .value(field.filledIn(text ?? "")) }
            return form
        }
    }

    /// - Parameter entered: the rejected input of the form for a new case.
    private func worklist(
        _ request: Request, _ context: WebContext, errors: [String] = [], entered: NewCaseForm = NewCaseForm()
    ) async throws -> Response {
        let scope = try context.scope
        var query = CaseQuery()
        query.window = .page(number: request.query("page").flatMap { Int($0) }.map { max(1, $0) } ?? 1, size: 25)
        query.search = request.query("search")
        query.needsReview = try request.flag("needsReview") ? true : nil
        let cases = try await self.cases.list(scope, query)
        let user = try await users.profile(scope)
        var model = WorklistPage(user: user, cases: cases, query: query, errors: errors, scope: scope)
        if model.newCase != nil { model.newCase = .init(entered) }
        return page(errors.isEmpty ? .ok : .badRequest, "worklist", model)
    }

    @Sendable private func createCase(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        var entered = NewCaseForm()
        do {
            entered = try await Self.form(NewCaseForm.self, of: request, atMost: JSON.bodyLimit)
            let form = try entered.caseForm()
            return Response.redirect(to: "/cases/\(try await self.cases.create(scope, form).id)")
        } catch let error as AppError where error.code == .validation {
            return try await worklist(request, context, errors: error.sentences, entered: entered)
        }
    }

    private func casePage(_ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id(of: CaseID.self)
        let item = try await self.cases.get(scope, id)
        let images = try await self.images.list(scope, case: id)
        let task = try await segmentation.list(scope, case: id, .plain(limit: 1)).items.first
        let result = try await segmentation.latestResult(scope, case: id)
        // Researchers see measurements without the report.
        let mayRead = Policy.reach(of: .readReport, scope) != .nothing
        let reports = mayRead ? try await self.reports(scope, id) : []
        let user = try await users.profile(scope)
        var model = CasePage(
            user: user, item: item, images: images, task: task, found: result, reports: reports, scope: scope,
            links: files)
        model.offer(try await self.cases.allowed(scope, id, among: [.uploadImage, .startInference]))
        return page(.ok, "case", model)
    }

    /// With the contradictions of signed reports and of the newest draft; older drafts are collapsed and not checked.
    private func reports(_ scope: Scope, _ id: CaseID) async throws -> [(report: Report, contradictions: [String])] {
        var found: [(report: Report, contradictions: [String])] = []
        for report in try await reports.list(scope, case: id, .plain(limit: Window.plainLimit)).items {
            let isShown = found.isEmpty || report.status.isSigned
            found.append((report, isShown ? try await report.contradictions() : []))
        }
        return found
    }

    // MARK: Parts

    @Sendable private func asset(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let asset = context.parameters.get("name").flatMap({ PageAsset(rawValue: $0) }) else {
            throw AppError(.notFound, "Not found.")
        }
        return Response(
            status: .ok, headers: [.contentType: asset.mediaType, .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes)))
    }

    func page(_ status: HTTPResponse.Status, _ name: String, _ model: some Sendable) -> Response {
        templates.page(status, name, model)
    }

    /// - Parameter limit: bytes; more than the anonymous limit only if the caller has authenticated the user.
    static func form<Form: Decodable>(
        _ type: Form.Type, of request: Request, atMost limit: Int = Request.anonymousBodyLimit
    ) async throws -> Form {
        try await FormFields.body(of: request, atMost: limit).decoded(as: type)
    }
}

extension AppError {
    /// The error messages for a page.
    var sentences: [String] {
        fields.isEmpty
            ? [message]
            : fields.sorted { $0.key < $1.key }.flatMap { field, messages in
                messages.map { field == "non_field_errors" ? $0 : "\(field.replacing("_", with: " ")): \($0)" }
            }
    }
}
