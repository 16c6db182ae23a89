import Basics
import Imaging
import Kernel
import Storage

/// A current or former activation of a model.
struct ModelActivation: Sendable, Equatable {
    let id: String
    let model: ModelIdentity
    let activatedAt: Timestamp

    init(_ row: SQLRow) throws {
        id = try row.get("id")
        model = ModelIdentity(
            name: try row.get("model_name"), version: try row.get("model_version"), digest: try row.get("model_digest"))
        activatedAt = try row.get("activated_at")
    }
}

/// The rows of institutions' model activations.
package struct ModelStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Up to `limit` activations that have not been rolled back, newest first; the first is active.
    func activations(_ institution: InstitutionID, limit: Int) throws -> [ModelActivation] {
        try connection.query(
            """
            SELECT id, model_name, model_version, model_digest, activated_at FROM model_activations
            WHERE institution_id = \(institution) AND rolled_back_at IS NULL
            ORDER BY activated_at DESC, id DESC LIMIT \(limit)
            """
        ).map(ModelActivation.init)
    }

    /// - Parameter user: `nil` for the operator. A superuser of another institution counts as the operator; the audit
    ///   trail records the name.
    func activate(_ institution: InstitutionID, _ model: ModelIdentity, by user: UserID?, at now: Timestamp) throws {
        try connection.execute(
            """
            INSERT INTO model_activations
                (id, institution_id, model_digest, model_name, model_version, activated_by, activated_at)
            VALUES (\(ID<ModelVersion>()), \(institution), \(model.digest), \(model.name), \(model.version),
                (SELECT id FROM users WHERE institution_id = \(institution) AND id = \(user)), \(now))
            """)
    }

    func rollBack(_ activation: ModelActivation, at now: Timestamp) throws {
        try connection.execute(
            "UPDATE model_activations SET rolled_back_at = \(now) WHERE id = \(activation.id) AND rolled_back_at IS NULL"
        )
    }

    func institutions() throws -> [InstitutionID] {
        try connection.query("SELECT id FROM institutions ORDER BY id").map { try $0.get("id") }
    }
}
