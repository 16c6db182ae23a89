import Kernel
import Storage

/// The rules of cases: who may see, create, change and delete them.
package struct CasesService: Sendable {
    let database: any Database
    package let audit: AuditService
    private let contents: CaseContents
    let clock: @Sendable () -> Timestamp
    private let lists = RequestCoalescer<CaseListKey>()

    package init(
        database: any Database, audit: AuditService, contents: CaseContents,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.audit = audit
        self.contents = contents
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
        try await list(scope, query, shownAs: "") { $0 }
    }

    /// The page as rendered by `show` for users with equal access. Concurrent equal requests share the query and the
    /// rendering; each is recorded.
    package func list<View: Sendable>(
        _ scope: Scope, _ query: CaseQuery, shownAs name: String, _ show: (Page<Case>) throws -> View
    ) async throws -> View {
        try Policy.require(.readCase, scope)
        try query.checkTexts()
        if query.isDeleted { try Policy.require(.restoreCase, scope) }
        if query.key == .patientId, Policy.reach(of: .readCase, scope) == .anonymised {
            throw AppError.invalid("ordering", "Your role cannot sort by patient ID.")
        }
        let key = CaseListKey(visible: CaseStore.visible(scope), role: scope.role, query: query, name: name)
        let view = try await lists.value(for: key) {
            try show(await database.read { try CaseStore($0).list(scope, query) })
        }
        try await audit.record(AuditEntry(scope, "case.list", "case", nil, at: clock()))
        return view
    }

    package func get(_ scope: Scope, _ id: CaseID) async throws -> Case {
        let item = try await database.read { try CaseStore($0).display(scope, id) }
        try await audit.record(AuditEntry(scope, "case.read", "case", id.string, at: clock()))
        return item
    }

    /// Those of `actions` that `scope` may perform on the case, so that pages offer nothing else.
    package func allowed(_ scope: Scope, _ id: CaseID, among actions: [Action]) async throws -> Set<Action> {
        try await database.read { connection in
            Set(try actions.filter { try CaseStore(connection).find(scope, id, for: $0) != nil })
        }
    }

    package func update(
        _ scope: Scope, _ id: CaseID, _ form: CaseForm, if precondition: Precondition = .none
    ) async throws -> Case {
        let now = clock()
        return try await database.write { connection in
            let store = CaseStore(connection)
            let before = try store.lockedCase(scope, id, for: .changeCase, if: precondition)
            var after = try form.applied(to: before)
            after.updatedAt = now
            try store.update(scope, after, from: before)
            try AuditStore(connection).append(
                AuditEntry(scope, "case.update", "case", id.string, changes: after.changes(since: before), at: now))
            return try store.display(scope, id)
        }
    }

    /// Deletes the case with its related objects and stops work on it; it is purged after the retention period.
    package func delete(_ scope: Scope, _ id: CaseID, if precondition: Precondition = .none) async throws {
        let now = clock()
        try await database.write { connection in
            let store = CaseStore(connection)
            _ = try store.lockedCase(scope, id, for: .deleteCase, if: precondition)
            try contents.stopWork(scope, on: id, in: connection, at: now)
            // Read again: a finished task may have changed the case's state.
            try store.delete(scope, try store.require(scope, id, for: .deleteCase), at: now)
            try AuditStore(connection).append(AuditEntry(scope, "case.delete", "case", id.string, at: now))
        }
    }

    /// Restores a deleted case.
    package func restore(_ scope: Scope, _ id: CaseID) async throws -> Case {
        try Policy.require(.restoreCase, scope)
        let now = clock()
        return try await database.write { connection in
            let store = CaseStore(connection)
            try store.lock(scope, id)
            guard let item = try store.deleted(scope, id) else {
                throw AppError(.notFound, "Deleted case not found.")
            }
            try store.restore(scope, item, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "case.restore", "case", id.string, at: now))
            return try store.display(scope, id)
        }
    }
}

extension CaseStore {
    /// The case to change by `action`, locked and checked against the client's precondition.
    fileprivate func lockedCase(
        _ scope: Scope, _ id: CaseID, for action: Action, if precondition: Precondition
    ) throws -> Case {
        try lock(scope, id)
        let item = try require(scope, id, for: action)
        try precondition.check(item.revision)
        return item
    }
}

/// Everything that determines a page of cases.
private struct CaseListKey: Hashable {
    /// The condition for visible cases.
    let visible: SQL
    let role: Role
    let query: CaseQuery
    let name: String
}
