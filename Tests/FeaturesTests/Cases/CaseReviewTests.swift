import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The newest result's review, stored with the case.
@Suite struct CaseReviewTests {
    private static let reason = "The predicted Dice of enhancing tumour is 0.34, below the threshold of 0.70."

    /// The measurements of a pipeline with these reasons.
    private static func result(_ reasons: [String]) -> SegmentationResult {
        let plain = SegmentationFixture.result(of: [.t1ce, .flair])
        let findings = reasons.enumerated().map { Finding(id: "F\(9 + $0)", kind: .review, term: $1) }
        return SegmentationResult(
            volumes: plain.volumes, confidenceScores: [:], maskFiles: [],
            structuredFindings: plain.structuredFindings + findings, lesions: [], gatingWeights: [:],
            availableModalities: [.t1ce, .flair], referenceModality: .t1ce, reliability: [], brainMask: .given,
            review: Review(reasons: reasons), modelVersion: "1.0", device: "cpu")
    }

    private static func segment(_ ward: SegmentationFixture, _ reasons: [String]) async throws -> ID<InferenceTask> {
        let task = try await ward.service.start(ward.doctor, case: ward.caseID)
        let result = Self.result(reasons)
        #expect(
            try await ward.runner { _, folder, _ in try SegmentationFixture.written(result, to: folder) }.workOnce())
        return task.id
    }

    private static func cases(_ ward: SegmentationFixture) -> CasesService {
        CasesService(database: ward.database, audit: AuditService(database: ward.database), contents: .all)
    }

    @Test(arguments: TestDatabase.all) func aCaseSaysWhetherItsNewestResultNeedsReview(_ kind: TestDatabase)
        async throws
    {
        try await SegmentationFixture.with(kind) { ward in
            let cases = Self.cases(ward)
            let before = try await cases.get(ward.doctor, ward.caseID)
            #expect(before.needsReview == nil && before.reviewReasons == nil)
            let first = try await Self.segment(ward, [Self.reason, "The series given as T2 is dark."])
            let flagged = try await cases.get(ward.doctor, ward.caseID)
            #expect(flagged.needsReview == true)
            #expect(flagged.reviewReasons == [Self.reason, "The series given as T2 is dark."])
            #expect(flagged.revision > before.revision)
            let second = try await Self.segment(ward, [])
            #expect(try await cases.get(ward.doctor, ward.caseID).reviewReasons == [])
            // Without the newest result the previous one counts again, and without any the review is unknown.
            for (task, reasons) in [(second, 2), (first, nil)] as [(ID<InferenceTask>, Int?)] {
                try await ward.database.write { connection in
                    let store = SegmentationStore(connection)
                    if let task = try store.task(ward.doctor, task) { try store.delete(ward.doctor, task) }
                }
                #expect(try await cases.get(ward.doctor, ward.caseID).reviewReasons?.count == reasons)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func listsAreFilteredAndCounted(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let cases = Self.cases(ward)
            let sound = CaseID()
            try await ward.addCase(sound, of: ward.doctor)
            let untouched = CaseID()
            try await ward.addCase(untouched, of: ward.doctor)
            _ = try await Self.segment(ward, [Self.reason])
            _ = try await ward.service.start(ward.doctor, case: sound)
            let result = Self.result([])
            #expect(
                try await ward.runner { _, folder, _ in try SegmentationFixture.written(result, to: folder) }.workOnce()
            )
            for (needsReview, ids) in [(true, [ward.caseID]), (false, [sound])] {
                var query = CaseQuery()
                query.needsReview = needsReview
                query.window = .page(number: 1, size: 10)
                let page = try await cases.list(ward.doctor, query)
                #expect(page.items.map(\.id) == ids && page.count == 1)
                #expect(page.items.allSatisfy { $0.needsReview == needsReview })
            }
        }
    }

    @Test(arguments: TestDatabase.all) func storedResultsAreBackFilled(_ kind: TestDatabase) async throws {
        try await kind.with(migrated: false) { try await Self.checkBackFill(of: $0) }
    }

    private static let expected = [
        "flagged": "First.\nSecond.", "sound": "", "none": "no result",
        "unsure": "Predicted Dice of tumour core below 0.80.\nPredicted Dice of enhancing tumour below 0.70.",
    ]

    private static func checkBackFill(of database: any Database) async throws {
        let number = try #require(Migration.all.first { $0.name == "case-review" }).number
        try await Migrator.migrate(database, to: Migration.all.filter { $0.number < number })
        let doctor = try await SegmentationFixture.addUser(.doctor, to: database)
        for name in expected.keys.sorted() {
            try await database.write { try addStoredCase(name, of: doctor, to: $0) }
        }
        try await Migrator.migrate(database, to: Migration.all.filter { $0.number <= number })
        for (name, reasons) in expected {
            let found: String? = try await database.read { connection in
                try connection.queryOne(
                    "SELECT COALESCE(review_reasons, 'no result') AS reasons FROM cases WHERE patient_id = \(name)"
                )?.get("reasons")
            }
            #expect(found == reasons, "\(name)")
        }
    }

    /// As stored by an earlier version: an older result with a reason, and the newest result described by the case's
    /// name.
    private static func addStoredCase(_ name: String, of doctor: Scope, to connection: any DatabaseConnection) throws {
        let caseID = CaseID()
        try connection.execute(
            """
            INSERT INTO cases (id, institution_id, created_by, patient_id, status, search_text, created_at, updated_at)
            VALUES (\(caseID), \(doctor.institution), \(doctor.user), \(name), 'completed', '', 0, 0)
            """)
        guard name != "none" else { return }
        typealias Row = (kind: String, region: String?, quantity: Double?, term: String?)
        let rows: [String: [Row]] = [
            "flagged": [("review", nil, nil, "First."), ("review", nil, nil, "Second.")],
            "unsure": [
                ("expected_dice", "whole_tumor", 0.75, nil), ("expected_dice", "tumor_core", 0.79, nil),
                ("expected_dice", "enhancing_tumor", 0.34, nil),
            ],
            "sound": [("expected_dice", "tumor_core", 0.81, nil), ("expected_dice", "enhancing_tumor", 0.71, nil)],
        ]
        let results: [(time: Int, findings: [Row])] = [
            (1, [("review", nil, nil, "Older.")]), (2, rows[name] ?? []),
        ]
        let digest = String(repeating: "0", count: 64)
        for (time, findings) in results {
            let task = ID<InferenceTask>()
            let job = ID<JobRecord>()
            let result = ID<CaseResult>()
            try connection.execute(
                """
                INSERT INTO jobs (id, institution_id, kind, parameters, status, max_attempts, run_after, created_at, finished_at)
                VALUES (\(job), \(doctor.institution), 'segment-case', '{}', 'completed', 1, 0, 0, 0)
                """)
            try connection.execute(
                """
                INSERT INTO inference_tasks (id, institution_id, case_id, job_id, created_by, inputs_digest, created_at)
                VALUES (\(task), \(doctor.institution), \(caseID), \(job), \(doctor.user), \(digest), 0)
                """)
            try connection.execute(
                """
                INSERT INTO results (id, institution_id, case_id, task_id, result_json, manifest_json, model_name,
                    model_version, model_digest, inputs_digest, code_version, created_at)
                VALUES (\(result), \(doctor.institution), \(caseID), \(task), '{}', '{}', '', '', '', \(digest), '', \(time))
                """)
            for (place, finding) in findings.enumerated() {
                try connection.execute(
                    """
                    INSERT INTO findings (result_id, institution_id, number, position, kind, region, quantity, term)
                    VALUES (\(result), \(doctor.institution), \("F\(place)"), \(place), \(finding.kind), \(finding.region),
                        \(finding.quantity), \(finding.term))
                    """)
            }
        }
    }
}
