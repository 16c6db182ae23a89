import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// The rules of expert masks: who may upload one, which are accepted, and how they are compared.
package struct ExpertMasksService: Sendable {
    private let database: any Database
    private let blobs: any BlobStore
    private let audit: AuditService
    private let feed: JobFeed
    private let clock: @Sendable () -> Timestamp
    /// Reading a whole mask takes a second and must not block Swift's cooperative threads.
    private let pool = ThreadPool<Void>(name: "masks", threads: 1) {}
    private let inspector: SeriesInspector
    private let stripper: SeriesStripper

    package init(
        database: any Database, blobs: any BlobStore, audit: AuditService, feed: JobFeed,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.blobs = blobs
        self.audit = audit
        self.feed = feed
        self.clock = clock
        inspector = .nifti(threads: 1)
        stripper = SeriesStripper(database: database, blobs: blobs, inspector: inspector)
    }

    /// Whether a mask for this case would be accepted; check before receiving the first byte.
    package func checkUpload(_ scope: Scope, case id: CaseID) async throws {
        _ = try await database.read { try Self.result(scope, id, in: $0) }
    }

    /// Inspects a staged mask and starts its comparison with the case's newest result. The mask is deidentified; the
    /// staged file is consumed in any case.
    ///
    /// - Parameter convention: the meaning of its labels; `nil` infers it from the labels.
    package func add(_ scope: Scope, case id: CaseID, convention: String?, file: ReceivedFile) async throws
        -> ExpertMask
    {
        let uploaded = file.staged
        var kept = uploaded
        do {
            let result = try await database.read { try Self.result(scope, id, in: $0) }
            let grids = try await grids(scope, of: result)
            let wanted = try Self.convention(convention)
            var (draft, clean) = try await blobs.withFile(uploaded) { url in
                (
                    try await look(at: uploaded, url, on: grids, wanted),
                    try await inspector.deidentify(url, in: blobs)
                )
            }
            kept = clean ?? uploaded
            draft.blob = kept
            try await blobs.commit(kept)
            let mask = try await insert(scope, draft, result)
            if kept.key != uploaded.key { await blobs.discard(uploaded) }
            return mask
        } catch {
            // Removes it wherever it lies by now: a refused upload leaves nothing.
            await blobs.delete([uploaded.key, kept.key], unlessNamedIn: database)
            throw error
        }
    }

    /// Newest first.
    package func list(_ scope: Scope, case id: CaseID) async throws -> [ExpertMask] {
        let list = try await database.read { connection in
            _ = try CaseStore(connection).require(scope, id, for: .readResult)
            return try ExpertMaskStore(connection).list(scope, case: id)
        }
        try await audit.record(AuditEntry(scope, "expert_mask.list", "case", id.string, at: clock()))
        return list
    }

    /// The mask once it has been compared, or its current state after the timeout; for the user who has just uploaded
    /// it.
    package func wait(_ scope: Scope, for mask: ExpertMask, timeout: Duration) async throws -> ExpertMask {
        guard !mask.status.isOver, timeout > .zero else { return mask }
        for await change in feed.changes(of: [mask.job], timeout: timeout) where change.status.isOver { break }
        try Task.checkCancellation()
        return try await database.read { try Self.mask(scope, mask.id, mask.caseID, in: $0) }
    }

    // MARK: Parts

    private static func convention(_ name: String?) throws -> LabelConvention? {
        guard let name, !name.isEmpty else { return nil }
        guard let convention = LabelConvention(rawValue: name.lowercased()) else {
            let names = LabelConvention.allCases.map(\.rawValue).joined(separator: ", ")
            throw AppError.invalid("labelConvention", "The label convention is one of \(names).")
        }
        return convention
    }

    /// The stored grids of the series that the result was measured on.
    private func grids(_ scope: Scope, of result: CaseResult) async throws -> [MRISequence: VoxelGrid] {
        let images = try await database.read { try CaseStore($0).images(scope, of: result.caseID) }
        // Series stored before grids were.
        for image in images where image.series.header.grid == nil {
            try await stripper.strip(scope, image.series, of: result.caseID, at: clock())
        }
        var series: [MRISequence: ID<Series>] = [:]
        for sequence in MRISequence.allCases { series[sequence] = result.labels(on: sequence)?.series }
        let measured = series
        let grids = try await database.read { try SeriesStore($0).grids(scope, of: Array(measured.values)) }
        return measured.compactMapValues { grids[$0] }
    }

    private func look(
        at staged: StagedBlob, _ url: URL, on grids: [MRISequence: VoxelGrid], _ wanted: LabelConvention?
    ) async throws -> ExpertMaskStore.Draft {
        do {
            return try await pool.run { try Self.draft(staged, url, on: grids, wanted) }
        } catch let error as ImagingError where error.code != .internalFault {
            // An ambiguity that only the convention resolves is an error of that field.
            throw AppError.invalid(error.code == .ambiguousLabels ? "labelConvention" : "file", error.message)
        }
    }

    private static func draft(
        _ staged: StagedBlob, _ url: URL, on grids: [MRISequence: VoxelGrid], _ wanted: LabelConvention?
    ) throws -> ExpertMaskStore.Draft {
        let found = try NIfTIFile.inspectLabels(url)
        let convention = try wanted ?? LabelConvention.detected(in: found.labels)
        try convention.check(found.labels)
        let sequence = MRISequence.referenceOrder.first { sequence in
            guard let grid = grids[sequence], case .sameVoxels = GridRelation(found.grid, to: grid) else {
                return false
            }
            return true
        }
        guard let sequence else {
            throw ImagingError(
                .incompatibleSeries,
                "The mask's grid does not match any series of the case. Draw it on one of them.")
        }
        return ExpertMaskStore.Draft(id: ID(), blob: staged, sequence: sequence, convention: convention)
    }

    private func insert(_ scope: Scope, _ draft: ExpertMaskStore.Draft, _ result: CaseResult) async throws -> ExpertMask
    {
        let now = clock()
        return try await database.write { connection in
            _ = try CaseStore(connection).require(scope, result.caseID, for: .giveFeedback)
            let job = try JobStore(connection).enqueue(
                ScoreMaskJob.self, ScoreMaskJob.Parameters(mask: draft.id), institution: scope.institution,
                requestID: scope.origin.requestID, trace: scope.origin.trace, priority: ScoreMaskJob.priority, at: now)
            try ExpertMaskStore(connection).insert(scope, draft, on: result, job: job, at: now)
            try AuditStore(connection).append(
                AuditEntry(scope, "expert_mask.upload", "expert_mask", draft.id.string, at: now))
            return try Self.mask(scope, draft.id, result.caseID, in: connection)
        }
    }

    private static func mask(
        _ scope: Scope, _ id: ID<ExpertMask>, _ caseID: CaseID, in connection: any DatabaseConnection
    ) throws -> ExpertMask {
        _ = try CaseStore(connection).require(scope, caseID, for: .readResult)
        guard let mask = try ExpertMaskStore(connection).find(scope, id, case: caseID) else {
            throw AppError(.notFound, "Mask not found.")
        }
        return mask
    }

    private static func result(_ scope: Scope, _ id: CaseID, in connection: any DatabaseConnection) throws
        -> CaseResult
    {
        _ = try CaseStore(connection).require(scope, id, for: .giveFeedback)
        guard let result = try ResultStore(connection).latest(scope, case: id) else {
            throw AppError(.conflict, "The case has no result to compare with; start the inference first.")
        }
        return result
    }
}
