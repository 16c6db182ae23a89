import Basics
import Foundation
import Imaging
import Logging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// A small hospital on one database: a doctor with a case with two series, and a worker with a stand-in for the
/// network.
struct SegmentationFixture: Sendable {
    let database: any Database
    let blobs: any BlobStore
    let folder: URL
    let doctor: Scope
    let caseID: CaseID

    static let model = ModelIdentity(name: "stand-in", version: "1.0", digest: String(repeating: "a", count: 64))

    /// Runs `body` in a fresh ward.
    static func with(
        _ kind: TestDatabase, on blobs: TestBlobs.Kind = .disk,
        _ body: @Sendable (SegmentationFixture) async throws -> Void
    ) async throws {
        try await kind.with { database in
            try await TemporaryFolder.with { folder in
                let doctor = try await addUser(.doctor, to: database)
                let files = folder.appendingPathComponent("blobs")
                try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
                let store = try await TestBlobs(blobs, in: files).store
                let ward = SegmentationFixture(
                    database: database, blobs: store, folder: folder, doctor: doctor, caseID: ID())
                try await ward.addCase(ward.caseID, of: doctor)
                try await body(ward)
            }
        }
    }

    static func addUser(
        _ role: Role, of institution: InstitutionID = JobFixture.institution, to database: any Database
    ) async throws -> Scope {
        let scope = Scope(institution: institution, user: ID(), role: role)
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO institutions (id, name, created_at) VALUES (\(institution), 'FeaturesFixture', 0)
                ON CONFLICT (id) DO NOTHING
                """)
            try connection.execute(
                """
                INSERT INTO users (id, institution_id, email, password_hash, first_name, last_name, role, created_at,
                    updated_at)
                VALUES (\(scope.user), \(scope.institution), \("\(scope.user)@example.org"), '', 'Ada', 'Example',
                    \(role), 0, 0)
                """)
        }
        return scope
    }

    /// A case with two series.
    func addCase(_ caseID: CaseID, of author: Scope) async throws {
        try await database.write { connection in
            let study = ImagingStudy()
            try StudyStore(connection).insert(author, study)
            try connection.execute(
                """
                INSERT INTO cases (id, institution_id, created_by, study_id, patient_id, status, search_text, created_at,
                    updated_at)
                VALUES (\(caseID), \(author.institution), \(author.user), \(study.id), 'Mrs Smith', 'uploaded', '', 0, 0)
                """)
        }
        for sequence in [MRISequence.t1ce, .flair] { try await addImage(sequence, to: caseID) }
    }

    func addImage(_ sequence: MRISequence, to other: CaseID? = nil) async throws {
        let caseID = other ?? caseID
        let staged = try await blobs.put(Data("series \(sequence.rawValue) \(caseID)".utf8))
        try await database.write { connection in
            try BlobRowStore(connection).insert(doctor, staged, case: caseID)
            let study: ID<ImagingStudy>? = try connection.queryOne("SELECT study_id FROM cases WHERE id = \(caseID)")?
                .get("study_id")
            try SeriesStore(connection).insert(
                doctor,
                Series(
                    study: try #require(study), role: Series.Role(sequence), originalFilename: "smith.nii",
                    files: [Series.File(blob: staged.key, size: staged.size)],
                    header: SeriesHeader(size: GridSize(i: 1, j: 1, k: 1), spacing: [1, 1, 1]),
                    contentDigest: staged.sha256, uploadedAt: .now))
        }
    }

    var service: SegmentationService {
        SegmentationService(
            database: database, audit: AuditService(database: database), contents: .all,
            models: InstalledModels(only: InstalledModel(identity: Self.model, architecture: "stand-in")))
    }

    var jobs: JobFixture { JobFixture(database: database) }

    /// A worker with `pipeline`, which runs after a check that the series exist.
    func runner(
        policy: JobPolicy = JobFixture.policy,
        _ pipeline: @escaping SegmentationEngine.Run = SegmentationFixture.standIn
    ) -> JobRunner {
        JobRunner(queue: queue(policy: policy, pipeline), worker: WorkerID(), logger: JobFixture.logger)
    }

    func queue(
        policy: JobPolicy = JobFixture.policy, others: [JobHandler] = [],
        _ pipeline: @escaping SegmentationEngine.Run = SegmentationFixture.standIn
    ) -> JobQueue {
        let segment = SegmentCaseJob(
            database: database, blobs: blobs,
            engines: SegmentationEngines(only: SegmentationEngine(model: Self.model, run: pipeline)),
            folders: WorkFolders(root: folder.appendingPathComponent("work")), codeVersion: "test")
        return JobQueue(
            database: database, handlers: [JobHandler(segment)] + others, logger: JobFixture.logger, policy: policy)
    }

    /// Writes one mask and measures one millilitre.
    static let standIn: SegmentationEngine.Run = { sources, folder, control in
        for source in sources.values { _ = try source.digest() }
        control.report("Network", 0.5)
        try control.checkCancellation()
        try Data("mask".utf8).write(to: folder.appendingPathComponent("segmentation.nii.gz"))
        return try written(result(of: sources.keys.sorted()), to: folder)
    }

    /// A run's output with mask files in `folder`.
    static func written(_ result: SegmentationResult, to folder: URL) throws -> WrittenStudy {
        let manifest = RunManifest(inputs: [], model: model, codeVersion: "test", device: "cpu")
        let file = OutputFile(name: "manifest.json", content: .manifest)
        try Data(manifest.json().utf8).write(to: folder.appendingPathComponent(file.name))
        return WrittenStudy(result: result, manifest: manifest, files: result.maskFiles + [file])
    }

    static func result(of sequences: [MRISequence]) -> SegmentationResult {
        SegmentationResult(
            volumes: [.wholeTumour: 1000], confidenceScores: [.wholeTumour: 0.9],
            maskFiles: [OutputFile(name: "segmentation.nii.gz", content: .labels, sequence: .t1ce)],
            structuredFindings: [
                Finding(id: "F1", kind: .volume, region: .wholeTumour, quantity: 1000, unit: "mm3"),
                Finding(id: "F2", kind: .sequencesPresent, term: "T1CE, FLAIR"),
            ],
            lesions: [], gatingWeights: [.t1ce: 0.5, .flair: 0.5], availableModalities: sequences,
            referenceModality: .t1ce, reliability: [], brainMask: .given, modelVersion: "1.0", device: "cpu")
    }

    func caseStatus() async throws -> Case.Status? {
        try await database.read { connection in
            try connection.queryOne("SELECT status FROM cases WHERE id = \(caseID)")?.get("status")
        }
    }

    func completedAt() async throws -> Timestamp? {
        try await database.read { connection in
            try connection.queryOne("SELECT completed_at FROM cases WHERE id = \(caseID)")?.get("completed_at")
        }
    }

    /// The number of rows in a table.
    func count(_ table: String) async throws -> Int {
        try await database.read { try $0.query("SELECT 1 AS one FROM \(raw: table)").count }
    }
}
