import HTTPTypes
import Hummingbird

/// Whether the service can work.
struct HealthRoutes {
    let services: WebServices

    private struct Health: Encodable {
        let status: String
        let service = "neuroai"
        let version: String
    }

    private struct Components: Encodable {
        let status: String
        let components: [String: String]
    }

    func add(to group: RouterGroup<WebContext>) {
        group.get { _, _ in
            try JSON.response(.ok, Health(status: "healthy", version: services.settings.version))
        }
        group.get("status") { _, _ in
            let isHealthy = await services.isHealthy()
            return try JSON.response(
                isHealthy ? .ok : .serviceUnavailable,
                Components(
                    status: isHealthy ? "healthy" : "unhealthy",
                    components: ["database": isHealthy ? "healthy" : "unreachable"]))
        }
    }
}
