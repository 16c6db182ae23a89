/// The health of the service by component.
package struct HealthReport: Sendable, Equatable {
    /// The components of the service.
    package enum Component: String, Sendable, CaseIterable {
        case database, queue, storage, model
    }

    /// Each component's state: `healthy`, or the problem in a word or two.
    package let components: [Component: String]

    package static let healthy = "healthy"
    static let full = "full"

    package var isHealthy: Bool { components.values.allSatisfy { $0 == Self.healthy } }

    package init(components: [Component: String]) {
        self.components = components
    }
}
