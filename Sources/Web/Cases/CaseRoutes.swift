import Features
import HTTPTypes
import Hummingbird

/// Cases, their images and what was found in them.
struct CaseRoutes {
    let services: WebServices

    func add(to group: RouterGroup<WebContext>) {
        group.get(use: list)
        group.post(use: create)
        group.get(":id") { try JSON.response(.ok, await services.cases.get($1.scope, $1.id(of: Case.self))) }
        for path in [":id", ":id/update"] { group.patch(RouterPath(path), use: update) }
        for path in [":id", ":id/delete"] { group.delete(RouterPath(path), use: delete) }
        group.get(":id/images", use: images)
        group.get(":id/segmentation", use: segmentation)
        group.get(":id/visualizations", use: visualizations)
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        var query = CaseQuery()
        if let status = request.query("status") { try query.filter(status: status) }
        if let ordering = request.query("ordering") { try query.order(by: ordering) }
        query.search = request.query("search")
        query.patientID = request.query("patientId") ?? request.query("patient_id")
        query.createdBy = request.query("createdBy") ?? request.query("created_by")
        query.window = try request.window()
        let page = try await services.cases.list(context.scope, query)
        return try Lists.response(page, query.window, request, services.settings)
    }

    @Sendable private func create(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let item = try await services.cases.create(scope, JSON.body(of: request, as: CaseForm.self))
        var response = try JSON.response(.created, item)
        response.headers[.location] = "/api/cases/\(item.id)/"
        return response
    }

    @Sendable private func update(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id(of: Case.self)
        let form = try await JSON.body(of: request, as: CaseForm.self)
        return try JSON.response(.ok, await services.cases.update(scope, id, form))
    }

    @Sendable private func delete(_ request: Request, _ context: WebContext) async throws -> Response {
        try await services.cases.delete(context.scope, context.id(of: Case.self))
        return try JSON.response(.ok, Message(message: "The case was deleted."))
    }

    @Sendable private func images(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let images = try await services.images.list(scope, case: context.id(of: Case.self))
        let base = request.base(services.settings)
        return try JSON.response(.ok, images.map { ImageBody($0, url: base + services.files.path(scope, $0)) })
    }

    @Sendable private func segmentation(_ request: Request, _ context: WebContext) async throws -> Response {
        try JSON.response(.ok, await result(request, context))
    }

    private func result(_ request: Request, _ context: WebContext) async throws -> ResultBody {
        let scope = try context.scope
        guard let result = try await services.segmentation.latestResult(scope, case: context.id(of: Case.self)) else {
            throw AppError(.notFound, "The case has no result yet.")
        }
        return ResultBody(result, scope, services.files, base: request.base(services.settings))
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

/// An uploaded series as clients see it.
struct ImageBody: Encodable {
    let id: String
    let modality: String
    let originalFilename: String
    let fileSize: Int64
    /// Absolute and signed.
    let filePath: String
    let dimensions: [Int]
    let spacing: [Double]
    /// What could not be read was refused at the upload.
    let isValid = true
    let uploadedAt: String

    init(_ image: MRIImage, url: String) {
        id = image.id.string
        modality = image.modality.rawValue
        originalFilename = image.originalFilename
        fileSize = image.fileSize
        filePath = url
        dimensions = image.dimensions
        spacing = image.spacing
        uploadedAt = image.uploadedAt.description
    }
}
