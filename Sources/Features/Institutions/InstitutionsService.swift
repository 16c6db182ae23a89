import Kernel
import Storage

/// Institutions of the platform, managed by superusers.
package struct InstitutionsService: Sendable {
    private let database: any Database
    private let clock: @Sendable () -> Timestamp

    package init(database: any Database, clock: @escaping @Sendable () -> Timestamp = { .now }) {
        self.database = database
        self.clock = clock
    }

    package func list(_ scope: Scope) async throws -> [Institution] {
        try Policy.require(.manageInstitutions, scope)
        return try await database.read { try InstitutionStore($0).list(limit: Window.plainLimit) }
    }

    package func get(_ scope: Scope, _ id: InstitutionID) async throws -> Institution {
        try Policy.require(.manageInstitutions, scope)
        return try await database.read { try Self.found(InstitutionStore($0).find(id)) }
    }

    /// Its creation is the first entry of the new institution's trail.
    package func create(_ scope: Scope, _ form: InstitutionForm) async throws -> Institution {
        try Policy.require(.manageInstitutions, scope)
        let institution = Institution(id: ID(), name: try form.checkedName(), createdAt: clock())
        try await database.write { connection in
            try InstitutionStore(connection).insert(institution)
            try Self.record("institution.create", institution, scope, at: institution.createdAt, on: connection)
        }
        return institution
    }

    /// Renames an institution or sets its quota.
    package func update(
        _ scope: Scope, _ id: InstitutionID, _ change: InstitutionChange, if precondition: Precondition = .none
    ) async throws -> Institution {
        try Policy.require(.manageInstitutions, scope)
        let now = clock()
        return try await database.write { connection in
            let store = InstitutionStore(connection)
            try store.lock(id)
            let before = try Self.found(store.find(id))
            try precondition.check(before.revision)
            var institution = try before.changed(by: change)
            guard institution != before else { return before }
            institution.revision += 1
            try store.update(institution)
            for (action, change) in institution.changes(since: before) {
                try Self.record(action, institution, scope, [change], at: now, on: connection)
            }
            return institution
        }
    }

    private static func record(
        _ action: String, _ institution: Institution, _ scope: Scope, _ changes: [FieldChange?] = [],
        at now: Timestamp, on connection: any DatabaseConnection
    ) throws {
        try AuditStore(connection).append(
            AuditEntry(
                institution: institution.id, actor: scope.user, origin: scope.origin, action: action,
                objectType: "institution", objectID: institution.id.string, changes: changes, at: now))
    }

    private static func found(_ institution: Institution?) throws -> Institution {
        guard let institution else { throw AppError(.notFound, "Institution not found.") }
        return institution
    }
}
