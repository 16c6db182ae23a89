import Foundation
import Rendering
import Storage

/// Prints reports and keeps what was printed.
package struct ReportExportService: Sendable {
    private let database: any Database
    private let blobs: any BlobStore
    private let audit: AuditService
    private let printer: ReportPrinter
    private let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, blobs: any BlobStore, audit: AuditService, printer: ReportPrinter,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.blobs = blobs
        self.audit = audit
        self.printer = printer
        self.clock = clock
    }

    /// The report as PDF. What has been printed in this state already is given out again; a signed report counts as exported
    /// from now on.
    package func export(_ scope: Scope, _ id: ID<Report>) async throws -> PrintedReport {
        let now = clock()
        let source = try await database.read { try ReportPrintSource(scope, id, at: now, in: $0) }
        if let printed = source.printed {
            try await audit.record(AuditEntry(scope, "report.export", "report", id.string, at: now))
            return printed
        }
        var picture: Data?
        if let key = source.picture { picture = try await bytes(key) }
        let pdf = try await printer.pdf(source.document(picture: picture))
        let blob = try await blobs.put(pdf)
        do {
            return try await keep(blob, scope, source, at: now)
        } catch {
            try? await blobs.delete(blob.key)
            throw error
        }
    }

    /// The PDF of the report as it stands, where there is one. Nothing is printed, and nothing counts as exported.
    package func printed(_ scope: Scope, _ id: ID<Report>) async throws -> PrintedReport? {
        let now = clock()
        let source = try await database.read { try ReportPrintSource(scope, id, at: now, in: $0) }
        try await audit.record(AuditEntry(scope, "report.read", "report", id.string, at: now))
        return source.printed
    }

    private func keep(_ blob: StagedBlob, _ scope: Scope, _ source: ReportPrintSource, at now: Timestamp) async throws
        -> PrintedReport
    {
        let id = source.report.id
        return try await database.write { connection in
            let store = ReportStore(connection)
            let report = try store.require(scope, id)
            guard report.revision == source.report.revision else {
                throw AppError(.conflict, "The report was changed while it was printed; try again.")
            }
            if let change = source.change { try store.apply(change, scope, at: now) }
            let prints = PrintedReportStore(connection)
            try prints.insert(
                scope, of: report, blob, revision: source.revision, status: source.change?.status ?? report.status,
                at: now)
            try AuditStore(connection).append(AuditEntry(scope, "report.export", "report", id.string, at: now))
            guard let printed = try prints.list(scope, of: id).first(where: { $0.blob == blob.key }) else {
                throw AppError(.internalFault, "The printed report was not kept.")
            }
            return printed
        }
    }

    /// The PDFs that were made of a report, newest first.
    package func list(_ scope: Scope, _ id: ID<Report>) async throws -> [PrintedReport] {
        let list = try await database.read { connection in
            _ = try ReportStore(connection).require(scope, id)
            return try PrintedReportStore(connection).list(scope, of: id)
        }
        try await audit.record(AuditEntry(scope, "report.pdfs", "report", id.string, at: clock()))
        return list
    }

    /// The PDF's bytes.
    package func read(_ printed: PrintedReport) async throws -> Data { try await bytes(printed.blob) }

    private func bytes(_ key: BlobKey) async throws -> Data {
        var data = Data()
        for try await chunk in try await blobs.read(key, range: nil) { data += chunk }
        return data
    }
}
