import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Starting, watching and cancelling segmentations.
struct InferenceRoutes {
    let segmentation: SegmentationService
    let files: FilesService
    let settings: WebSettings

    private struct StartForm: Decodable {
        let caseId: String
        let modelId: String?
        let force: Bool?
    }

    var all: [APIRoute] { starting + watching }

    private var starting: [APIRoute] {
        ["", "segment/"].map { path in
            APIRoute(
                .post, "/api/inference/\(path)", "Start a segmentation", access: .allowed(.startInference),
                body: .json(.named("InferenceForm")), responses: [.json(.accepted, .named("Task"))], handler: start)
        } + [
            APIRoute(
                .post, "/api/inference/predict/{caseId}/", "Start a segmentation of a case",
                access: .allowed(.startInference), query: [.force], responses: [.json(.accepted, .named("Task"))]
            ) { request, context in
                let id = try context.id("caseId", of: CaseID.self)
                return try await answer(id, model: nil, force: request.flag("force"), context)
            }
        ]
    }

    private static let filters =
        [.caseFilter] + APIRoute.Parameter.span("created", "the segmentation was requested")

    private var watching: [APIRoute] {
        ["", "tasks/"].flatMap { path in
            [
                APIRoute(
                    .get, "/api/inference/\(path)", "List segmentations, newest first", access: .allowed(.readResult),
                    query: Self.filters + APIRoute.Parameter.paging,
                    responses: [.list(of: "Task")], handler: list),
                APIRoute(
                    .get, "/api/inference/\(path){taskId}/", "Retrieve a segmentation, with its result once completed",
                    access: .allowed(.readResult), responses: [.json(.ok, .named("Task"))], handler: get),
            ]
        } + [
            APIRoute(
                .post, "/api/inference/tasks/{taskId}/cancel/", "Cancel a segmentation",
                access: .allowed(.startInference), responses: [.json(.ok, .named("Task"))]
            ) { _, context in
                let id = try context.id("taskId", of: ID<InferenceTask>.self)
                return try JSON.response(.ok, await segmentation.cancel(context.scope, id))
            },
            APIRoute(
                .get, "/api/inference/result/{caseId}/", "Retrieve the latest result of a case",
                access: .allowed(.readResult),
                responses: [.json(.ok, .named("Result"))], handler: latest),
        ]
    }

    @Sendable private func start(_ request: Request, _ context: WebContext) async throws -> Response {
        // Before the body: unauthenticated clients learn nothing about its format.
        _ = try context.scope
        let form = try await JSON.body(of: request, as: StartForm.self)
        guard let id = CaseID(form.caseId) else { throw AppError.invalid("caseId", "Must be a valid UUID.") }
        return try await answer(id, model: form.modelId, force: form.force ?? false, context)
    }

    private func answer(_ id: CaseID, model: String?, force: Bool, _ context: WebContext) async throws -> Response {
        let task = try await segmentation.start(context.scope, case: id, modelID: model, force: force)
        var response = try JSON.response(.accepted, task)
        response.headers[.location] = "/api/inference/tasks/\(task.id)/"
        return response
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let window = try request.window()
        let caseID = try request.queryID("caseId", of: CaseID.self)
        let page = try await segmentation.list(
            context.scope, case: caseID, created: request.span("created"), window)
        return try Lists.response(page, window, request, settings)
    }

    @Sendable private func get(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let task = try await segmentation.get(scope, context.id("taskId", of: ID<InferenceTask>.self))
        guard task.status == .completed else { return try JSON.response(.ok, task) }
        let result = try await segmentation.result(scope, of: task.id).map {
            ResultBody($0, scope, files, base: request.base(settings))
        }
        return try JSON.response(.ok, TaskBody(task: task, result: result))
    }

    @Sendable private func latest(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        guard let result = try await segmentation.latestResult(scope, case: id) else {
            throw AppError(.notFound, "The case has no result yet.")
        }
        return try JSON.response(
            .ok, ResultBody(result, scope, files, base: request.base(settings)))
    }
}
