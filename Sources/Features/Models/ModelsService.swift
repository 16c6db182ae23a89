import Basics
import Imaging
import Kernel
import Storage

/// The rules of model versions: all users see them, administrators activate one for their institution.
package struct ModelsService: Sendable {
    private let database: any Database
    private let installed: InstalledModels
    private let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, installed: InstalledModels, clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.installed = installed
        self.clock = clock
    }

    /// The installed models: the active one first, then by name and version.
    package func list(_ scope: Scope, _ window: Window) async throws -> Page<ModelVersion> {
        let all = try await list(scope)
        let items = all.dropFirst(window.offset).prefix(window.size)
        return Page(
            items: Array(items), count: all.count, nextCursor: nil, hasNext: window.offset + items.count < all.count)
    }

    private func list(_ scope: Scope) async throws -> [ModelVersion] {
        let choice = try await database.read { try ModelStore($0).activations(scope.institution, limit: 1).first }
        return versions(choice).sorted { a, b in
            a.isActive != b.isActive
                ? a.isActive
                : (a.model.identity.name, a.model.identity.version) < (b.model.identity.name, b.model.identity.version)
        }
    }

    package func get(_ scope: Scope, _ id: ID<ModelVersion>) async throws -> ModelVersion {
        guard let version = try await list(scope).first(where: { $0.id == id }) else {
            throw AppError(.notFound, "Model not found.")
        }
        return version
    }

    /// Activates the model for the institution from the next task on. Running tasks keep their model.
    package func activate(_ scope: Scope, _ id: ID<ModelVersion>) async throws -> ModelVersion {
        try Policy.require(.manageModels, scope)
        let wanted = try await get(scope, id)
        let now = clock()
        try await database.write { connection in
            let entry = AuditEntry(scope, "model.activate", "model", id.string, at: now)
            try activate(wanted.model.identity, entry, in: connection)
        }
        return try await get(scope, id)
    }

    /// Reverts the institution to the model that was active before its last activation.
    ///
    /// - Throws: a conflict if the institution has no activation, or if the previous model is no longer installed.
    package func rollBack(_ scope: Scope) async throws -> ModelVersion {
        try Policy.require(.manageModels, scope)
        let now = clock()
        try await database.write { connection in
            let entry = AuditEntry(scope, "model.rollback", "model", nil, at: now)
            guard try rollBack(entry, in: connection) else { throw Self.nothingChosen }
        }
        guard let active = try await list(scope).first, active.isActive else { throw Self.isGone }
        return active
    }

    /// For the operator: activates the model that `text` identifies for every institution.
    package func activateEverywhere(_ text: String) async throws -> InstalledModel {
        guard let model = installed.find(text) else {
            throw AppError(
                .notFound, "Model not found, or its name is ambiguous. See `neuroai models list`.")
        }
        let now = clock()
        try await database.write { connection in
            for institution in try ModelStore(connection).institutions() {
                let entry = Self.operatorEntry(institution, "model.activate", model.id?.string, at: now)
                try activate(model.identity, entry, in: connection)
            }
        }
        return model
    }

    /// For the operator: reverts the last activation of every institution. Returns how many were reverted.
    package func rollBackEverywhere() async throws -> Int {
        let now = clock()
        return try await database.write { connection in
            try ModelStore(connection).institutions().filter { institution in
                let entry = Self.operatorEntry(institution, "model.rollback", nil, at: now)
                return try rollBack(entry, in: connection)
            }.count
        }
    }

    /// For the entry's institution and actor. Activating the active model again adds no activation to roll back.
    private func activate(
        _ model: ModelIdentity, _ entry: AuditEntry, in connection: any DatabaseConnection
    ) throws {
        let store = ModelStore(connection)
        let before = try store.activations(entry.institution, limit: 1).first?.model
        guard before != model else { return }
        try store.activate(entry.institution, model, by: entry.actor, at: entry.occurredAt)
        try record(entry, from: before ?? installed.defaultModel(), to: model, in: connection)
    }

    /// For the entry's institution. Returns `false` if it has no activation.
    private func rollBack(_ entry: AuditEntry, in connection: any DatabaseConnection) throws -> Bool {
        let store = ModelStore(connection)
        let choices = try store.activations(entry.institution, limit: 2)
        guard let last = choices.first else { return false }
        let before = choices.count > 1 ? choices[1].model : installed.defaultModel()
        guard let before, installed.find(before.digest) != nil else { throw Self.isGone }
        try store.rollBack(last, at: entry.occurredAt)
        try record(entry, from: last.model, to: before, in: connection)
        return true
    }

    private func record(
        _ entry: AuditEntry, from before: ModelIdentity?, to after: ModelIdentity, in connection: any DatabaseConnection
    ) throws {
        var entry = entry
        entry.changes = [FieldChange.withValues("model", before, after)].compactMap(\.self)
        try AuditStore(connection).append(entry)
    }

    private func versions(_ choice: ModelActivation?) -> [ModelVersion] {
        let active = choice?.model ?? installed.defaultModel()
        return installed.list().compactMap { model in
            guard let id = model.id else { return nil }
            let isActive = model.identity.digest == active?.digest
            return ModelVersion(
                id: id, model: model, isActive: isActive, activatedAt: isActive ? choice?.activatedAt : nil)
        }
    }

    private static func operatorEntry(
        _ institution: InstitutionID, _ action: String, _ object: String?, at now: Timestamp
    ) -> AuditEntry {
        AuditEntry(
            institution: institution, actor: nil, origin: RequestOrigin(), action: action, objectType: "model",
            objectID: object, at: now)
    }

    private static let nothingChosen = AppError(
        .conflict, "No model has been activated.")
    private static let isGone = AppError(
        .conflict, "The previous model is no longer installed. Install it or activate another one.")
}
