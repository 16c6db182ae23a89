extension HealthRoutes {
    static let schemas: [String: Schema] = [
        "Health": .object(["status": .choice(["healthy"]), "service": .choice(["neuroai"]), "version": .text()]),
        "HealthReport": .object([
            "status": .choice(["healthy", "unhealthy"]),
            "components": Schema.map(of: .text()).described(
                "By name: healthy, full (the disk), or what else is wrong."),
        ]),
    ]
}
