import Storage

/// The rules of cases: who may see, make, change and delete them.
package struct CasesService: Sendable {
    private let database: any Database
    private let blobs: any BlobStore
    private let audit: AuditService
    private let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, blobs: any BlobStore, audit: AuditService,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.blobs = blobs
        self.audit = audit
        self.clock = clock
    }

    package func create(_ scope: Scope, _ form: CaseForm) async throws -> Case {
        try Policy.require(.createCase, scope)
        let now = clock()
        let item = try form.newCase(scope, at: now)
        return try await database.write { connection in
            let store = CaseStore(connection)
            try store.insert(scope, item)
            try AuditStore(connection).append(AuditEntry(scope, "case.create", "case", item.id.string, at: now))
            return try store.require(scope, item.id)
        }
    }

    package func list(_ scope: Scope, _ query: CaseQuery) async throws -> Page<Case> {
        try Policy.require(.readCase, scope)
        if case .cursor = query.window, query.key.time == nil {
            throw AppError.invalid("ordering", "A list with a cursor is ordered by createdAt or updatedAt.")
        }
        let page = try await database.read { try CaseStore($0).list(scope, query) }
        try await audit.record(AuditEntry(scope, "case.list", "case", nil, at: clock()))
        return page
    }

    package func get(_ scope: Scope, _ id: ID<Case>) async throws -> Case {
        let item = try await database.read { try CaseStore($0).require(scope, id) }
        try await audit.record(AuditEntry(scope, "case.read", "case", id.string, at: clock()))
        return item
    }

    package func update(_ scope: Scope, _ id: ID<Case>, _ form: CaseForm) async throws -> Case {
        let now = clock()
        return try await database.write { connection in
            let store = CaseStore(connection)
            let before = try store.require(scope, id, for: .changeCase)
            var after = try form.applied(to: before)
            after.updatedAt = now
            try store.update(scope, after)
            try AuditStore(connection).append(AuditEntry(scope, "case.update", "case", id.string, at: now))
            return after
        }
    }

    /// Removes the case with all that hangs on it; its files go at once or, after a crash, with the next sweep.
    package func delete(_ scope: Scope, _ id: ID<Case>) async throws {
        let now = clock()
        let orphans = try await database.write { connection in
            let store = CaseStore(connection)
            guard try store.require(scope, id, for: .deleteCase).status != .processing else {
                throw AppError(.conflict, "The case is being segmented; cancel that first.")
            }
            let keys = try BlobRowStore(connection).keys(scope, case: id)
            try store.delete(scope, id)
            try AuditStore(connection).append(AuditEntry(scope, "case.delete", "case", id.string, at: now))
            return keys
        }
        for key in orphans { try? await blobs.delete(key) }
    }
}
