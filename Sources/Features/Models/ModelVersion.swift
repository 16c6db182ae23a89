import Imaging
import Kernel
import Storage

/// An installed model as one institution sees it.
package struct ModelVersion: Sendable, Equatable, Encodable {
    package let id: ID<ModelVersion>
    package let model: InstalledModel
    /// Whether it works for the institution now.
    package let isActive: Bool
    /// When the institution chose it; nil where it works as the operator's default or not at all.
    package let activatedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case id, name, version, digest, architecture, requiredSequences, measured, isActive, activatedAt
    }

    /// Every key is always there, null where there is no value.
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
