/// Whether the service can work, part by part.
package struct HealthReport: Sendable, Equatable {
    /// What the service needs.
    package enum Component: String, Sendable, CaseIterable {
        case database, queue, storage, model
    }

    /// Each component's state: `healthy`, or in a word or two why not.
    package let components: [Component: String]

    package static let healthy = "healthy"
    static let full = "full"

    package var isHealthy: Bool { components.values.allSatisfy { $0 == Self.healthy } }

    package init(components: [Component: String]) {
        self.components = components
    }
}
