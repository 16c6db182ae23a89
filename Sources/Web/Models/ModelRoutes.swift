import Features
import Hummingbird

/// Model versions: seen by everybody who is signed in, chosen by an administrator.
struct ModelRoutes {
    let services: WebServices

    func add(to group: RouterGroup<WebContext>) {
        group.get("") { request, context in
            let window = try request.window()
            let page = try await services.models.list(context.scope, window)
            return try Lists.response(page, window, request, services.settings)
        }
        group.get(":id") { _, context in
            try await JSON.response(.ok, services.models.get(context.scope, context.id(of: ModelVersion.self)))
        }
        group.post(":id/activate") { _, context in
            try await JSON.response(.ok, services.models.activate(context.scope, context.id(of: ModelVersion.self)))
        }
        group.post("rollback") { _, context in try await JSON.response(.ok, services.models.rollBack(context.scope)) }
    }
}
