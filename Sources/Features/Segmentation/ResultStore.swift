import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// The rows of results with their files: written once, never changed. Their findings are rows in `FindingStore`.
package struct ResultStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// A run's result to be written.
    struct Draft: Sendable {
        let id: ID<CaseResult>
        let study: WrittenStudy
        let files: [DraftFile]
        let codeVersion: String
    }

    /// A file that is already in the blob store.
    struct DraftFile: Sendable {
        let file: OutputFile
        /// The series whose grid it uses.
        let series: ID<Series>?
        let blob: StagedBlob
    }

    func insert(asWorker draft: Draft, of task: InferenceTask, at now: Timestamp) throws {
        let result = String(decoding: try Self.encoder.encode(draft.study.result.document), as: UTF8.self)
        let manifest = try draft.study.manifest.json()
        let model = draft.study.manifest.model
        try connection.execute(
            """
            INSERT INTO results
                (id, institution_id, case_id, task_id, result_json, manifest_json, model_name, model_version,
                model_digest, inputs_digest, code_version, created_at)
            VALUES (\(draft.id), \(task.institution), \(task.caseID), \(task.id), \(result),
                \(manifest), \(model.name), \(model.version), \(model.digest), \(task.inputsDigest),
                \(draft.codeVersion), \(now))
            """)
        let blobs = BlobRowStore(connection)
        for file in draft.files {
            try blobs.insert(institution: task.institution, file.blob, case: task.caseID, at: now)
        }
        try connection.executeAll(draft.files.map { Self.row($0, task, draft.id) })
        try FindingStore(connection).insert(draft.study.result.structuredFindings, of: draft.id, task.institution)
        try CaseStore(connection).settleReview(task.institution, task.caseID)
    }

    private static func row(_ draft: DraftFile, _ task: InferenceTask, _ result: ID<CaseResult>) -> SQL {
        let file = draft.file
        return """
            INSERT INTO result_files
                (id, institution_id, result_id, blob_id, name, content, region, sequence, series_id)
            VALUES (\(ID<ResultFile>()), \(task.institution), \(result), \(draft.blob.key), \(file.name),
                \(file.content), \(file.region), \(file.sequence), \(draft.series))
            """
    }

    /// The newest result of a case; the caller must check that `scope` may see the case.
    package func latest(_ scope: Scope, case caseID: CaseID) throws -> CaseResult? {
        try connection.queryOne(
            """
            SELECT * FROM results WHERE institution_id = \(scope.institution) AND case_id = \(caseID)
            ORDER BY created_at DESC, id DESC LIMIT 1
            """
        ).map(read)
    }

    /// The id of the result that `latest` returns.
    func latestID(_ scope: Scope, case caseID: CaseID) throws -> ID<CaseResult>? {
        try connection.queryOne(
            """
            SELECT id FROM results WHERE institution_id = \(scope.institution) AND case_id = \(caseID)
            ORDER BY created_at DESC, id DESC LIMIT 1
            """
        )?.get("id")
    }

    /// Whether the newest result was measured on the case's current images.
    func isCurrent(_ scope: Scope, case caseID: CaseID) throws -> Bool {
        let newest = try connection.queryOne(
            """
            SELECT r.inputs_digest, t.model_id FROM results r
            JOIN inference_tasks t ON t.institution_id = r.institution_id AND t.id = r.task_id
            WHERE r.institution_id = \(scope.institution) AND r.case_id = \(caseID)
            ORDER BY r.created_at DESC, r.id DESC LIMIT 1
            """)
        guard let newest else { return false }
        let images = try CaseStore(connection).images(scope, of: caseID)
        return try InputsDigest.of(images, modelID: newest.optional("model_id"))
            == newest.get("inputs_digest", as: String.self)
    }

    /// The caller must check that `scope` may see the task's case.
    package func find(_ scope: Scope, task: ID<InferenceTask>) throws -> CaseResult? {
        try connection.queryOne(
            "SELECT * FROM results WHERE institution_id = \(scope.institution) AND task_id = \(task)"
        ).map(read)
    }

    /// The caller must check that `scope` may see the result's case.
    package func find(_ scope: Scope, _ id: ID<CaseResult>) throws -> CaseResult? {
        try connection.queryOne(
            "SELECT * FROM results WHERE institution_id = \(scope.institution) AND id = \(id)"
        ).map(read)
    }

    /// The result of a task, for a worker, across institutions.
    func id(asWorkerOf task: ID<InferenceTask>) throws -> ID<CaseResult>? {
        try connection.queryOne("SELECT id FROM results WHERE task_id = \(task)")?.get("id")
    }

    /// For a worker, across institutions; `nil` if its case has been deleted.
    package func find(asWorker id: ID<CaseResult>) throws -> CaseResult? {
        try connection.queryOne("SELECT * FROM results WHERE id = \(id)").map(read)
    }

    private func read(_ row: SQLRow) throws -> CaseResult {
        let id: ID<CaseResult> = try row.get("id")
        let findings = try FindingStore(connection).list(try row.get("institution_id"), of: id)
        return CaseResult(
            id: id, caseID: try row.get("case_id"), task: try row.get("task_id"),
            result: try Self.decode(try row.get("result_json")).with(findings: findings),
            manifest: try row.get("manifest_json"),
            model: ModelIdentity(
                name: try row.get("model_name"), version: try row.get("model_version"),
                digest: try row.get("model_digest")),
            inputsDigest: try row.get("inputs_digest"), codeVersion: try row.get("code_version"),
            createdAt: try row.get("created_at"), files: try files(of: id))
    }

    private func files(of result: ID<CaseResult>) throws -> [ResultFile] {
        try connection.query(
            """
            SELECT f.*, b.size, b.sha256 FROM result_files f JOIN blobs b ON b.id = f.blob_id
            WHERE f.result_id = \(result) ORDER BY f.name
            """
        ).map { row in
            ResultFile(
                id: try row.get("id"), name: try row.get("name"), content: try row.get("content"),
                region: try row.optional("region"), sequence: try row.optional("sequence"),
                series: try row.optional("series_id"),
                blob: try row.get("blob_id"), size: try row.get("size"), sha256: try row.get("sha256"))
        }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static func decode(_ text: String) throws -> SegmentationResult {
        do {
            return try JSONDecoder().decode(SegmentationResult.self, from: Data(text.utf8))
        } catch {
            throw DatabaseError(.decoding, "Column result_json holds no result of this version.")
        }
    }
}
