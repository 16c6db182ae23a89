import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Cases, their images and results.
struct CaseRoutes {
    let cases: CasesService
    let images: ImagesService
    let segmentation: SegmentationService
    let files: FilesService
    let settings: WebSettings

    var all: [APIRoute] { collection + single + contents }

    private var collection: [APIRoute] {
        [
            APIRoute(
                .get, "/api/cases/", "List cases, newest first", access: .allowed(.readCase),
                query: Self.filters + APIRoute.Parameter.paging, responses: [.list(of: "Case")], handler: list),
            APIRoute(
                .post, "/api/cases/", "Create a case", access: .allowed(.createCase), body: .json(.named("NewCase")),
                responses: [.json(.created, .named("Case"))], handler: create),
        ]
    }

    private static let filters =
        [
            APIRoute.Parameter(
                "status", .choice(Case.Status.allCases.map(\.rawValue) + ["pending", ""]),
                "Filters by status; `pending` means uploaded."),
            APIRoute.Parameter("search", .text(), "Searches patient ID and free-text fields."),
            APIRoute.Parameter("patientId", .text(), "Exact patient ID."),
            APIRoute.Parameter("createdBy", .text(), "User ID or part of the name of the creator."),
            APIRoute.Parameter(
                "ordering", .choice(CaseQuery.Key.allCases.flatMap { [$0.rawValue, "-" + $0.rawValue] } + [""]),
                "Field to sort by; prefix with `-` for descending order."),
            APIRoute.Parameter(
                "needsReview", .boolean, "Filters by whether the latest result needs review."),
            APIRoute.Parameter("deleted", .boolean, "Lists deleted cases that can be restored (administrators only)."),
        ] + APIRoute.Parameter.span("created", "`createdAt`") + APIRoute.Parameter.span("updated", "`updatedAt`")

    private var single: [APIRoute] {
        [
            APIRoute(
                .get, "/api/cases/{caseId}/", "Retrieve a case", access: .allowed(.readCase),
                responses: [.json(.ok, .named("Case"))]
            ) { try Response(.ok, await cases.get($1.scope, $1.id("caseId", of: CaseID.self))) },
            APIRoute(
                .post, "/api/cases/{caseId}/restore/", "Restore a deleted case", access: .allowed(.restoreCase),
                responses: [.json(.ok, .named("Case"))]
            ) { try Response(.ok, await cases.restore($1.scope, $1.id("caseId", of: CaseID.self))) },
        ]
            + ["", "update/"].map { path in
                APIRoute(
                    .patch, "/api/cases/{caseId}/\(path)", "Update a case", access: .allowed(.changeCase),
                    body: .json(.named("CaseForm")), responses: [.json(.ok, .named("Case"))],
                    details: .init(failures: [412], headers: [.ifMatch]), handler: update)
            }
            + ["", "delete/"].map { path in
                APIRoute(
                    .delete, "/api/cases/{caseId}/\(path)", "Delete a case", access: .allowed(.deleteCase),
                    responses: [.message()], details: .init(failures: [412], headers: [.ifMatch]), handler: delete)
            }
    }

    private var contents: [APIRoute] {
        [
            APIRoute(
                .get, "/api/cases/{caseId}/images/", "List the series of a case", access: .allowed(.readCase),
                responses: [.json(.ok, .list(of: .named("MRIImage")))], handler: images),
            APIRoute(
                .get, "/api/cases/{caseId}/segmentation/", "Retrieve the latest result", access: .allowed(.readResult),
                responses: [.json(.ok, .named("Result"))], handler: segmentation),
            APIRoute(
                .get, "/api/cases/{caseId}/visualizations/", "List images of the latest result",
                access: .allowed(.readResult), responses: [.json(.ok, .list(of: .named("Visualization")))],
                handler: visualizations),
        ]
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        var query = CaseQuery()
        if let status = request.query("status") { try query.filter(status: status) }
        if let ordering = request.query("ordering") { try query.order(by: ordering) }
        query.search = request.query("search")
        query.patientID = request.query("patientId")
        query.isDeleted = try request.flag("deleted")
        query.needsReview = try request.optionalFlag("needsReview")
        query.createdBy = request.query("createdBy")
        query.created = try request.span("created")
        query.updated = try request.span("updated")
        query.window = try request.window()
        let (window, settings) = (query.window, self.settings)
        let address = request.base(settings) + request.uri.string
        let answer = try await cases.list(context.scope, query, shownAs: address) { page in
            try Lists.answer(page, window, request, settings)
        }
        return answer.response
    }

    @Sendable private func create(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let item = try await cases.create(scope, JSON.body(of: request, as: CaseForm.self))
        var response = try Response(.created, item)
        response.headers[.location] = "/api/cases/\(item.id)/"
        return response
    }

    @Sendable private func update(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        let form = try await JSON.body(of: request, as: CaseForm.self)
        return try Response(.ok, await cases.update(scope, id, form, if: request.precondition))
    }

    @Sendable private func delete(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        try await cases.delete(scope, context.id("caseId", of: CaseID.self), if: request.precondition)
        return try JSON.response(.ok, Message(message: "Case deleted."))
    }

    @Sendable private func images(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let images = try await self.images.list(scope, case: context.id("caseId", of: CaseID.self))
        let base = request.base(settings)
        return try JSON.response(.ok, images.map { ImageBody($0, url: base + files.path(scope, $0)) })
    }

    @Sendable private func segmentation(_ request: Request, _ context: WebContext) async throws -> Response {
        try JSON.response(.ok, await result(request, context))
    }

    private func result(_ request: Request, _ context: WebContext) async throws -> ResultBody {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        guard let result = try await segmentation.latestResult(scope, case: id) else {
            throw AppError(.notFound, "The case has no result yet.")
        }
        return ResultBody(result, scope, files, base: request.base(settings))
    }

    private struct Visualization: Encodable {
        let name: String
        let url: String
        let contentType: String
    }

    @Sendable private func visualizations(_ request: Request, _ context: WebContext) async throws -> Response {
        let pictures = try await result(request, context).pictures
        return try JSON.response(
            .ok, pictures.map { Visualization(name: $0.name, url: $0.url, contentType: "image/png") })
    }
}

/// An uploaded series, as in the API.
struct ImageBody: Encodable {
    let id: String
    let modality: String
    let originalFilename: String
    let fileSize: Int64
    /// Absolute and signed.
    let filePath: String
    let dimensions: [Int]
    let spacing: [Double]
    /// Always true, for clients that read it: an image that cannot be used is rejected at the upload.
    let isValid = true
    /// A warning about its position; empty if there is none.
    let message: String
    let uploadedAt: String

    init(_ image: MRIImage, url: String) {
        id = image.id.string
        modality = image.modality.rawValue
        originalFilename = image.originalFilename
        fileSize = image.fileSize
        filePath = url
        dimensions = image.dimensions
        spacing = image.spacing
        message = image.problem ?? ""
        uploadedAt = image.series.uploadedAt.description
    }
}
