import Imaging
import Kernel
import Storage

/// An installed model as one institution sees it.
package struct ModelVersion: Sendable, Equatable, Encodable {
    package let id: ID<ModelVersion>
    package let model: InstalledModel
    /// Whether this is the institution's active model.
    package let isActive: Bool
    /// When the institution activated it; `nil` if it is active as the operator's default or not active.
    package let activatedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case id, name, version, digest, architecture, requiredSequences, measured, isActive, activatedAt
    }

    /// Encodes every key, with `null` for missing values.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(model.identity.name, forKey: .name)
        try container.encode(model.identity.version, forKey: .version)
        try container.encode(model.identity.digest, forKey: .digest)
        try container.encode(model.architecture, forKey: .architecture)
        try container.encode(model.requiredSequences, forKey: .requiredSequences)
        try container.encode(model.measured, forKey: .measured)
        try container.encode(isActive, forKey: .isActive)
        try container.encode(activatedAt, forKey: .activatedAt)
    }
}
