import Kernel
import Storage

extension ReportsService {
    /// For administrators: deletes drafts and reviewed reports with their edits; finalized ones cannot be deleted.
    package func delete(_ scope: Scope, _ id: ID<Report>) async throws {
        try Policy.require(.administer, scope)
        let now = clock()
        try await database.write { connection in
            let store = ReportStore(connection)
            // First, so that it cannot be signed between the check and the deletion.
            try store.lock(scope, id)
            guard let report = try store.find(scope, id) else {
                throw AppError(.notFound, "Report not found.")
            }
            guard report.status == .draft || report.status == .reviewed else {
                throw AppError(.conflict, "The report has been finalized; it is kept.")
            }
            try store.delete(scope, id)
            try AuditStore(connection).append(AuditEntry(scope, "report.delete", "report", id.string, at: now))
        }
    }
}
