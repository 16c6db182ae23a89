import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Imaging
@testable import Kernel

/// Documents of earlier versions contain their findings; since m0019 only rows do.
@Suite struct FindingsMigrationTests {
    /// A result stored before the migration, and its findings with rows.
    private struct Stored: Sendable {
        let document: String
        let isRow: @Sendable (Int) -> Bool
        let id = ID<CaseResult>()

        var result: SegmentationResult {
            get throws { try JSONDecoder().decode(SegmentationResult.self, from: Data(document.utf8)) }
        }

        /// The document's text without its findings, otherwise unchanged.
        var rest: String {
            get throws {
                let key = try #require(document.range(of: #""structured_findings":["#))
                let end = try #require(document.range(of: "],", range: key.upperBound..<document.endIndex))
                return document.replacingCharacters(in: key.lowerBound..<end.upperBound, with: "")
            }
        }
    }

    /// Values that an encoder and a database write differently: a negative zero, small and large exponents, escapes.
    private static func document() throws -> String {
        let lesion = Lesion(
            number: 1, volumes: [.wholeTumour: 0.1 + 0.2], confidence: 1e-5, maximumDiameter: 1e21,
            axialDiameter: 1.0 / 3,
            perpendicularDiameter: .leastNonzeroMagnitude, bidimensionalProduct: 4134.324612315777,
            centre: PatientPoint(x: -0.0, y: -21.75305263157895, z: 1e-7), side: .left, locations: [],
            touchesMidline: false, touchesCortex: nil)
        var list = FindingList()
        list.add(sequences: [.t1ce])
        list.add(volumes: [.wholeTumour: 0.1 + 0.2], confidences: [.wholeTumour: 1.0 / 3])
        list.add(lesions: [lesion])
        list.add(review: Review(reasons: ["“ü” \"twice\" \\ / 脳", "Another reason."]))
        let result = SegmentationResult(
            volumes: [.wholeTumour: 0.1 + 0.2], confidenceScores: [.wholeTumour: 1.0 / 3], maskFiles: [],
            structuredFindings: list.findings, lesions: [lesion], gatingWeights: [:], availableModalities: [.t1ce],
            referenceModality: .t1ce, reliability: [], brainMask: .given, modelVersion: "m \"1\" \\ ü", device: "cpu")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(result), as: UTF8.self)
    }

    @Test(arguments: TestDatabase.all) func resultsAreReadAsTheyWere(_ kind: TestDatabase) async throws {
        let number = try #require(Migration.all.first { $0.name == "findings" }).number
        let document = try Self.document()
        let results = [
            Stored(document: document) { _ in true }, Stored(document: document) { $0 % 3 == 0 },
            Stored(document: document) { _ in false }, Stored(document: EarlyResult.document) { _ in true },
            Stored(document: EarlyResult.document) { $0 < 10 },
        ]
        try await kind.with(migrated: false) { database in
            try await Migrator.migrate(database, to: Migration.all.filter { $0.number < number })
            let doctor = try await SegmentationFixture.addUser(.doctor, to: database)
            try await database.write { connection in
                for stored in results { try Self.insert(stored, of: doctor, to: connection) }
            }
            try await Migrator.migrate(database, to: Migration.all.filter { $0.number <= number })
            for stored in results { try await Self.check(stored, doctor, database) }
        }
    }

    private static func check(_ stored: Stored, _ doctor: Scope, _ database: any Database) async throws {
        let expected = try stored.result
        let found = try #require(try await database.read { try ResultStore($0).find(doctor, stored.id) }).result
        #expect(found == expected)
        let bits = [found, expected].map { result in
            result.structuredFindings.map { $0.quantity?.bitPattern }
                + result.lesions.flatMap { [$0.centre.x.bitPattern, $0.confidence.bitPattern] }
        }
        #expect(bits[0] == bits[1] && !bits[0].isEmpty)
        let text = try await database.read { connection in
            try connection.queryOne("SELECT result_json FROM results WHERE id = \(stored.id)")?
                .get("result_json", as: String.self)
        }
        let rest = try stored.rest
        #expect(text == rest)
    }

    @Test func aResultOfAnEarlyVersionIsReported() throws {
        let result = try Stored(document: EarlyResult.document) { _ in true }.result
        let draft = try ReportComposer.checked(result)
        for sentence in [
            "Enhancing tumour: 8.47 ml (unreliable). [F6]",
            "Lesion 1: right hemisphere, 95.0 ml including oedema, axial 80 × 52 mm, largest diameter 81 mm. "
                + "[F19, F12, F15, F16, F17]",
            "Location (atlas): parietal lobe 40 %, frontal lobe 38 %. [F20, F21]",
        ] { #expect(draft.text.contains(sentence), "\(sentence)") }
        #expect(!draft.text.contains("\nCore"))
    }

    private static func insert(_ stored: Stored, of doctor: Scope, to connection: any DatabaseConnection) throws {
        let (caseID, task, job) = (CaseID(), ID<InferenceTask>(), ID<JobRecord>())
        let digest = String(repeating: "0", count: 64)
        try connection.execute(
            """
            INSERT INTO cases (id, institution_id, created_by, patient_id, status, search_text, created_at, updated_at)
            VALUES (\(caseID), \(doctor.institution), \(doctor.user), 'P', 'completed', '', 0, 0)
            """)
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
            VALUES (\(stored.id), \(doctor.institution), \(caseID), \(task), \(stored.document), '{}', '', '', '',
                \(digest), '', 0)
            """)
        for (position, finding) in try stored.result.structuredFindings.enumerated() where stored.isRow(position) {
            try connection.execute(
                """
                INSERT INTO findings (result_id, institution_id, number, position, kind, region, lesion, quantity, unit, term)
                VALUES (\(stored.id), \(doctor.institution), \(finding.id), \(position), \(finding.kind), \(finding.region),
                    \(finding.lesion), \(finding.quantity), \(finding.unit), \(finding.term))
                """)
        }
    }
}
