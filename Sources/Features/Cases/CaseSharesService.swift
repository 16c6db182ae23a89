import Kernel
import Storage

/// Sharing of cases, which their owners and administrators manage.
package struct CaseSharesService: Sendable {
    private let database: any Database
    private let clock: @Sendable () -> Timestamp

    init(_ cases: CasesService) {
        database = cases.database
        clock = cases.clock
    }

    package func list(_ scope: Scope, case id: CaseID) async throws -> [CaseShare] {
        try await database.read { connection in
            _ = try CaseStore(connection).require(scope, id, for: .shareCase)
            return try CaseShareStore(connection).list(scope, case: id)
        }
    }

    /// Shares the case with a colleague of the same institution, or changes the access.
    package func share(_ scope: Scope, case id: CaseID, _ form: ShareForm) async throws -> CaseShare {
        let now = clock()
        return try await database.write { connection in
            let item = try CaseStore(connection).require(scope, id, for: .shareCase)
            var check = Validation()
            let access: ShareAccess? =
                form.access == nil ? .read : check.choice("access", form.access ?? "", among: ShareAccess.self)
            let colleague = try Self.colleague(form, of: item, scope, UserStore(connection), &check)
            try check.finish()
            guard let access, let colleague else { throw AppError(.validation, "The share is incomplete.") }
            let store = CaseShareStore(connection)
            let before = try store.list(scope, case: id).first { $0.user == colleague.id }?.access
            try store.put(scope, case: id, with: colleague.id, access, at: now)
            let change = FieldChange.withValues("access", before, access)
            try Self.record("case.share", scope, id, colleague.id, change, at: now, on: connection)
            guard let share = try store.list(scope, case: id).first(where: { $0.user == colleague.id }) else {
                throw AppError(.internalFault, "The share was not found after it was written.")
            }
            return share
        }
    }

    package func end(_ scope: Scope, case id: CaseID, with user: UserID) async throws {
        let now = clock()
        try await database.write { connection in
            _ = try CaseStore(connection).require(scope, id, for: .shareCase)
            guard try CaseShareStore(connection).delete(scope, case: id, with: user) else {
                throw AppError(.notFound, "The case is not shared with this user.")
            }
            try Self.record("case.unshare", scope, id, user, at: now, on: connection)
        }
    }

    /// Two entries, so that both the case's and the colleague's histories show it.
    private static func record(
        _ action: String, _ scope: Scope, _ item: CaseID, _ user: UserID, _ change: FieldChange? = nil,
        at now: Timestamp, on connection: any DatabaseConnection
    ) throws {
        let store = AuditStore(connection)
        try store.append(AuditEntry(scope, action, "case", item.string, changes: [change], at: now))
        try store.append(AuditEntry(scope, action, "user", user.string, changes: [change], at: now))
    }

    /// The form's colleague; `nil` and an error if there is no such user.
    private static func colleague(
        _ form: ShareForm, of item: Case, _ scope: Scope, _ store: UserStore, _ check: inout Validation
    ) throws -> User? {
        let field = form.userId == nil ? "email" : "userId"
        let found: User?
        if let text = form.userId {
            found = try UserID(text).flatMap { try store.find(scope, $0) }
        } else {
            let address = check.email("email", form.email)
            if address.isEmpty { return nil }
            found = try store.find(scope, email: address)
        }
        guard let user = found, user.isActive else {
            check.add(field, "No user of your institution has this account.")
            return nil
        }
        if user.id == item.createdBy { check.add(field, "The case is this user's own.") }
        if user.role == .researcher { check.add(field, "Researchers can only see completed cases, anonymised.") }
        return user
    }
}

extension CasesService {
    package var shares: CaseSharesService { CaseSharesService(self) }
}
