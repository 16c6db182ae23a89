import Features

extension HealthRoutes {
    static let schemas: [String: Schema] = [
        "Health": .object(["status": .choice(["healthy"]), "service": .choice(["neuroai"]), "version": .text()]),
        "HealthReport": .object([
            "status": .choice(["healthy", "unhealthy"]),
            "components": Schema.map(of: .text()).described(
                "State by component: healthy, full (disk), or an error."),
        ]),
    ]
}
