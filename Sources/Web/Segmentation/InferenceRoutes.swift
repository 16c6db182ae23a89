import Features
import HTTPTypes
import Hummingbird

/// Segmentations: asked for, watched, cancelled.
struct InferenceRoutes {
    let services: WebServices

    private struct StartForm: Decodable {
        var caseId: String?
        var modelId: String?
    }

    func add(to group: RouterGroup<WebContext>) {
        for path in ["", "segment"] { group.post(RouterPath(path), use: start) }
        group.post("predict/:case") { request, context in
            try await answer(context.id("case", of: Case.self), model: nil, request, context)
        }
        for path in ["", "tasks"] { group.get(RouterPath(path), use: list) }
        for path in [":id", "tasks/:id"] { group.get(RouterPath(path), use: get) }
        group.post("tasks/:id/cancel") { _, context in
            let task = try await services.segmentation.cancel(context.scope, context.id(of: InferenceTask.self))
            return try JSON.response(.ok, task)
        }
        group.get("result/:case", use: latest)
    }

    @Sendable private func start(_ request: Request, _ context: WebContext) async throws -> Response {
        // Before the body: who is not signed in learns nothing of its form.
        _ = try context.scope
        let form = try await JSON.body(of: request, as: StartForm.self)
        guard let text = form.caseId, let id = ID<Case>(text) else {
            throw AppError.invalid("caseId", form.caseId == nil ? "This field is required." : "This is no case's id.")
        }
        return try await answer(id, model: form.modelId, request, context)
    }

    private func answer(_ id: ID<Case>, model: String?, _ request: Request, _ context: WebContext) async throws
        -> Response
    {
        let task = try await services.segmentation.start(context.scope, case: id, modelID: model)
        var response = try JSON.response(.accepted, task)
        response.headers[.location] = "/api/inference/tasks/\(task.id)/"
        return response
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let window = try request.window()
        let caseID = (request.query("caseId") ?? request.query("case_id")).flatMap { ID<Case>($0) }
        let page = try await services.segmentation.list(context.scope, case: caseID, window)
        return try Lists.response(page, window, request, services.settings)
    }

    @Sendable private func get(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let task = try await services.segmentation.get(scope, context.id(of: InferenceTask.self))
        guard task.status == .completed else { return try JSON.response(.ok, task) }
        let result = try await services.segmentation.result(scope, of: task.id).map {
            ResultBody($0, scope, services.files, base: request.base(services.settings))
        }
        return try JSON.response(.ok, TaskBody(task: task, result: result))
    }

    @Sendable private func latest(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("case", of: Case.self)
        guard let result = try await services.segmentation.latestResult(scope, case: id) else {
            throw AppError(.notFound, "The case has no result yet.")
        }
        return try JSON.response(
            .ok, ResultBody(result, scope, services.files, base: request.base(services.settings)))
    }
}
