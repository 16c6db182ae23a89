import Foundation
import Imaging
import Logging
import Storage
import TestSupport

@testable import Features

/// A small hospital on one database: a doctor with a case of two series, and a worker with a stand-in for the network.
struct Ward: Sendable {
    let database: any Database
    let blobs: DiskBlobStore
    let folder: URL
    let doctor: Scope
    let caseID: CaseID

    static let model = ModelIdentity(name: "stand-in", version: "1.0", digest: String(repeating: "a", count: 64))

    /// Runs `body` in a fresh ward.
    static func with(_ kind: TestDatabase, _ body: @Sendable (Ward) async throws -> Void) async throws {
        try await kind.with { database in
            try await TemporaryFolder.with { folder in
                let doctor = try await addUser(.doctor, to: database)
                let blobs = try DiskBlobStore(root: folder.appendingPathComponent("blobs"))
                let ward = Ward(database: database, blobs: blobs, folder: folder, doctor: doctor, caseID: ID())
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
                INSERT INTO institutions (id, name, created_at) VALUES (\(institution), 'Clinic', 0)
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

    /// A case of two series.
    func addCase(_ caseID: CaseID, of author: Scope) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO cases (id, institution_id, created_by, patient_id, status, search_text, created_at,
                    updated_at)
                VALUES (\(caseID), \(author.institution), \(author.user), 'Mrs Smith', 'uploaded', '', 0, 0)
                """)
        }
        for sequence in [MRISequence.t1ce, .flair] { try await addImage(sequence, to: caseID) }
    }

    func addImage(_ sequence: MRISequence, to other: CaseID? = nil) async throws {
        let caseID = other ?? caseID
        let staged = try await blobs.put(Data("series \(sequence.rawValue) \(caseID)".utf8))
        let image = MRIImage(
            id: ID(), caseID: caseID, modality: sequence, blob: staged.key, originalFilename: "smith.nii",
            fileSize: staged.size, contentDigest: staged.sha256, dimensions: [1, 1, 1], spacing: [1, 1, 1],
            uploadedAt: .now)
        try await database.write { connection in
            try BlobRowStore(connection).insert(doctor, staged, case: caseID)
            try ImageStore(connection).insert(doctor, image)
        }
    }

    var service: SegmentationService {
        SegmentationService(
            database: database, audit: AuditService(database: database), contents: .all,
            models: InstalledModels(only: InstalledModel(identity: Self.model, architecture: "stand-in")))
    }

    var jobs: JobFixture { JobFixture(database: database) }

    /// A worker whose pipeline is `pipeline`, after the series have been checked for being there.
    func runner(
        policy: JobPolicy = JobFixture.policy,
        _ pipeline: @escaping @Sendable ([MRISequence: URL], URL, WorkControl) throws -> SegmentationOutput =
            Ward.standIn
    ) -> JobRunner {
        JobRunner(queue: queue(policy: policy, pipeline), worker: WorkerID(), logger: JobFixture.logger)
    }

    func queue(
        policy: JobPolicy = JobFixture.policy, others: [JobHandler] = [],
        _ pipeline: @escaping @Sendable ([MRISequence: URL], URL, WorkControl) throws -> SegmentationOutput =
            Ward.standIn
    ) -> JobQueue {
        let segment = SegmentCaseJob(
            database: database, blobs: blobs,
            engines: SegmentationEngines(only: SegmentationEngine(model: Self.model, run: pipeline)),
            folders: WorkFolders(root: folder.appendingPathComponent("work")), codeVersion: "test")
        return JobQueue(
            database: database, handlers: [JobHandler(segment)] + others, logger: JobFixture.logger, policy: policy)
    }

    /// Writes one mask and measures one millilitre.
    static let standIn: @Sendable ([MRISequence: URL], URL, WorkControl) throws -> SegmentationOutput = {
        series, folder, control in
        for (_, url) in series { _ = try Data(contentsOf: url) }
        control.report("Network", 0.5)
        try control.checkCancellation()
        try Data("mask".utf8).write(to: folder.appendingPathComponent("segmentation.nii.gz"))
        return SegmentationOutput(
            result: result(of: series.keys.sorted()), model: model, manifest: #"{"inputs":[]}"#)
    }

    static func result(of sequences: [MRISequence]) -> SegmentationResult {
        SegmentationResult(
            volumes: [.wholeTumour: 1000], confidenceScores: [.wholeTumour: 0.9],
            maskFiles: [MaskFile(name: "segmentation.nii.gz", content: .labels, sequence: .t1ce)],
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

    /// How many rows a table holds.
    func count(_ table: String) async throws -> Int {
        try await database.read { try $0.query("SELECT 1 AS one FROM \(raw: table)").count }
    }
}
