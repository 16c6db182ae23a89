import Features
import Hummingbird
import Kernel

/// Model versions: visible to all signed-in users, activated by an administrator.
struct ModelRoutes {
    let models: ModelsService
    let settings: WebSettings

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/inference/models/", "List installed models", access: .signedIn,
                query: APIRoute.Parameter.pages, responses: [.list(of: "ModelVersion")]
            ) { request, context in
                let window = try request.window()
                let page = try await models.list(context.scope, window)
                return try Lists.response(page, window, request, settings)
            },
            APIRoute(
                .get, "/api/inference/models/{modelId}/", "Retrieve a model", access: .signedIn,
                responses: [.json(.ok, .named("ModelVersion"))]
            ) { _, context in
                try await JSON.response(.ok, models.get(context.scope, Self.id(context)))
            },
            APIRoute(
                .post, "/api/inference/models/{modelId}/activate/", "Activate a model for the institution",
                access: .allowed(.manageModels), responses: [.json(.ok, .named("ModelVersion"))]
            ) { _, context in
                try await JSON.response(.ok, models.activate(context.scope, Self.id(context)))
            },
            APIRoute(
                .post, "/api/inference/models/rollback/", "Roll back to the previous model",
                access: .allowed(.manageModels), responses: [.json(.ok, .named("ModelVersion"))]
            ) { _, context in try await JSON.response(.ok, models.rollBack(context.scope)) },
        ]
    }

    private static func id(_ context: WebContext) throws -> ID<ModelVersion> {
        try context.id("modelId", of: ID<ModelVersion>.self)
    }
}
