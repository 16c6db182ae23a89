import Features
import HTTPTypes
import Hummingbird

/// The health of the service.
struct HealthRoutes {
    let operations: OperationsService
    let settings: WebSettings

    private struct Health: Encodable {
        let status: String
        let service = "neuroai"
        let version: String
    }

    private struct Components: Encodable {
        let status: String
        let components: [String: String]
    }

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/health/", "Liveness", access: .anyone,
                responses: [.json(.ok, .named("Health"))]
            ) { _, _ in
                try JSON.response(.ok, Health(status: "healthy", version: settings.version))
            },
            APIRoute(
                .get, "/api/health/status/", "Readiness by component", access: .anyone,
                responses: [.json(.ok, .named("HealthReport")), .json(.serviceUnavailable, .named("HealthReport"))],
                handler: status),
        ]
    }

    @Sendable private func status(_ request: Request, _ context: WebContext) async throws -> Response {
        let report = await operations.health()
        let states = report.components.map { ($0.key.rawValue, $0.value) }
        return try JSON.response(
            report.isHealthy ? .ok : .serviceUnavailable,
            Components(
                status: report.isHealthy ? HealthReport.healthy : "unhealthy",
                components: Dictionary(states, uniquingKeysWith: { $1 })))
    }
}
