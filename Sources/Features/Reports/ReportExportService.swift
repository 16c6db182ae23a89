import Foundation
import Kernel
import Rendering
import Storage

/// Renders reports as PDF and stores them.
package struct ReportExportService: Sendable {
    private let database: any Database
    private let blobs: any BlobStore
    private let audit: AuditService
    private let printer: ReportPrinter
    private let clock: @Sendable () -> Timestamp
    /// Concurrent requests for the same PDF share one rendering.
    private let prints = RequestCoalescer<PrintKey>()

    /// The key of equal renderings.
    private struct PrintKey: Hashable, Sendable {
        let report: ID<Report>
        /// The revision in the PDF.
        let revision: Int
    }

    /// What a request got, and which request it was that made it.
    private struct Printing: Sendable {
        let printed: PrintedReport
        let maker: ID<PrintKey>?
    }

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

    /// The report as PDF. An existing PDF of this state is reused; a signed report counts as exported from now on.
    package func export(_ scope: Scope, _ id: ID<Report>) async throws -> PrintedReport {
        let now = clock()
        let source = try await source(scope, id, at: now)
        let me = ID<PrintKey>()
        let printing: Printing
        if let printed = source.printed {
            printing = Printing(printed: printed, maker: nil)
        } else {
            let key = PrintKey(report: id, revision: source.revision)
            // In its own task: others wait for it, even if the first client has disconnected.
            printing = try await prints.value(for: key) {
                try await Task { try await printed(latest: id, scope, for: me) }.value
            }
        }
        // The one who made it has it recorded with it.
        if printing.maker != me {
            try await audit.record(AuditEntry(scope, "report.export", "report", id.string, at: now))
        }
        let view = ReportViewStore.View(id, printing.printed.revision)
        let unseen = try await database.read { try ReportViewStore($0).unseen(scope, among: [view]) }
        try await database.record(unseen, of: scope, at: now)
        return printing.printed
    }

    private func source(_ scope: Scope, _ id: ID<Report>, at now: Timestamp) async throws -> ReportPrintSource {
        try await database.read { try ReportPrintSource(scope, id, at: now, in: $0) }
    }

    /// The number of attempts while others change the report.
    private static let attempts = 3

    /// Prints the current report, and again if it has changed in the meantime.
    private func printed(latest id: ID<Report>, _ scope: Scope, for maker: ID<PrintKey>) async throws -> Printing {
        for _ in 1..<Self.attempts {
            do {
                return try await printOnce(scope, id, for: maker)
            } catch let error as AppError where error.code == .conflict {}
        }
        return try await printOnce(scope, id, for: maker)
    }

    /// Prints the current report, unless another request has done so.
    private func printOnce(_ scope: Scope, _ id: ID<Report>, for maker: ID<PrintKey>) async throws -> Printing {
        let now = clock()
        let source = try await source(scope, id, at: now)
        if let printed = source.printed { return Printing(printed: printed, maker: nil) }
        var picture: Data?
        if let key = source.picture { picture = try await bytes(key) }
        let contradictions = try await source.report.contradictions()
        let pdf = try await printer.pdf(source.document(picture: picture, contradictions: contradictions))
        let blob = try await blobs.put(pdf)
        do {
            return Printing(printed: try await keep(blob, scope, source, at: now), maker: maker)
        } catch {
            await blobs.delete([blob.key], unlessNamedIn: database)
            // Another process may have been faster.
            let isLate = PrintedReportStore.isPrinted(error) || (error as? AppError)?.code == .conflict
            guard isLate, let printed = try await self.source(scope, id, at: now).printed else { throw error }
            return Printing(printed: printed, maker: nil)
        }
    }

    /// The PDF of the current report, if there is one. Prints nothing and does not mark the report as exported.
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
            let isCurrent = report.revision == source.report.revision
            guard try isCurrent && (source.change.map { try store.apply($0, scope, at: now) } ?? true) else {
                throw AppError(.conflict, "The report was changed while it was printed. Try again.")
            }
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
