import Foundation
import HTTPTypes
import Rendering
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Imaging
@testable import Kernel
@testable import Web

/// Measurements from the worker to every place that displays them.
struct MeasurementTests {
    private static let reason = "The predicted Dice of enhancing tumour is 0.34, below the threshold of 0.70."

    /// A lesion with this volume, a core in two parts and one enhancing focus.
    private static func result(
        _ volume: Double, enhancement: Enhancement? = nil, reliability: [ReliabilityNote] = []
    ) -> SegmentationResult {
        let volumes: [TumourRegion: Double] = [
            .wholeTumour: volume, .tumourCore: 70_300, .enhancingTumour: 51_300,
        ]
        let lesion = Lesion(
            number: 1, volumes: volumes, confidence: 0.9, maximumDiameter: 109, axialDiameter: 106,
            perpendicularDiameter: 49, bidimensionalProduct: 5194, centre: .origin, side: .right,
            locations: [LesionLocation(structure: .temporalLobe, share: 0.41)], touchesMidline: false,
            touchesCortex: true,
            regions: [
                .wholeTumour: RegionMeasurement(
                    volume: volume, parts: [volume],
                    diameters: .init(maximum: 109, axial: 106, perpendicular: 49)),
                .tumourCore: RegionMeasurement(
                    volume: 70_300, parts: [67_100, 3_200],
                    diameters: .init(maximum: 70, axial: 65.8, perpendicular: 40)),
                .enhancingTumour: RegionMeasurement(
                    volume: 51_300, parts: [51_300],
                    diameters: .init(maximum: 69, axial: 64.8, perpendicular: 39)),
            ])
        let review = Review(reasons: [reason])
        let predicted: [TumourRegion: Double] = [.wholeTumour: 0.925, .enhancingTumour: 0.34]
        var list = FindingList()
        list.add(sequences: [.t1ce])
        list.add(volumes: volumes, confidences: [:])
        list.add(expectedDice: predicted)
        list.add(lesions: [lesion])
        list.add(review: review)
        return SegmentationResult(
            volumes: volumes, confidenceScores: [:],
            maskFiles: [OutputFile(name: "segmentation.nii.gz", content: .labels, sequence: .t1ce)],
            structuredFindings: list.findings, lesions: [lesion], gatingWeights: [:], availableModalities: [.t1ce],
            referenceModality: .t1ce, reliability: reliability, brainMask: .given, review: review,
            expectedDice: predicted,
            enhancement: enhancement, modelVersion: "m 1.0", device: "cpu")
    }

    private static let pipeline: SegmentationEngine.Run = { _, folder, _ in
        try Data("mask".utf8).write(to: folder.appendingPathComponent("segmentation.nii.gz"))
        return try WebFixture.written(result(155_100), to: folder)
    }

    @Test(arguments: TestDatabase.all) func listsPagesAndTheAPIShowReviewAndRegions(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let empty = try await clinic.makeCase(token, patient: "EMPTY")
            let id = try await clinic.makeUploadedCase(token)
            let before = try await clinic.call(.get, "/api/cases/\(id)/", as: token)
            #expect(before.object["needsReview"] is NSNull && before.object["reviewReasons"] is NSNull)
            #expect(try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token).status == .accepted)
            try await clinic.work(Self.pipeline)

            let flagged = try await clinic.call(.get, "/api/cases/?needsReview=true", as: token)
            #expect(flagged.list.compactMap { $0["caseId"] as? String } == [id])
            #expect(flagged.list.first?["needsReview"] as? Bool == true)
            #expect(flagged.list.first?["reviewReasons"] as? [String] == [Self.reason])
            #expect(try await clinic.call(.get, "/api/cases/?needsReview=false", as: token).list.isEmpty)
            #expect(try await clinic.call(.get, "/api/cases/?needsReview=perhaps", as: token).status == .badRequest)
            let all = try await clinic.call(.get, "/api/cases/?page=1", as: token)
            #expect(all.object["count"] as? Int == 2)

            let answer = try await clinic.call(.get, "/api/cases/\(id)/segmentation/", as: token)
            let lesion = try #require((answer.object["lesions"] as? [[String: Any]])?.first)
            let regions = try #require(lesion["regions"] as? [String: [String: Any]])
            #expect(regions["tumor_core"]?["parts"] as? [Double] == [67_100, 3_200])
            #expect((regions["enhancing_tumor"]?["diameters"] as? [String: Double])?["axial"] == 64.8)
            let findings = try #require(answer.object["structured_findings"] as? [[String: Any]])
            let diameters = findings.filter { ($0["kind"] as? String)?.hasSuffix("diameter") == true }
            #expect(diameters.count == 9 && diameters.allSatisfy { $0["region"] != nil })

            let cookie: HTTPFields = [.cookie: "neuroai_access=\(token)"]
            let list = try await clinic.call(.get, "/cases?needsReview=true", headers: cookie)
            #expect(list.text.contains("Needs review</span>") && list.text.contains(Self.reason))
            #expect(list.text.contains("checked") && !list.text.contains(empty))
            let page = try await clinic.call(.get, "/cases/\(id)", headers: cookie)
            for text in [
                "Needs review: \(Self.reason)", ">1 lesion</td>", ">2 parts</td>", ">1 focus</td>",
                ">2 (67.1, 3.20\u{A0}ml)</td>", ">66\u{A0}×\u{A0}40</td>", ">65\u{A0}×\u{A0}39</td>",
                ">106\u{A0}×\u{A0}49</td>",
                "Core: 70.3 ml in 2 parts (67.1 ml and 3.20 ml), largest part axial 66 × 40 mm",
                "Enhancing component: 51.3 ml, axial 65 × 39 mm, largest diameter 69 mm.",
            ] { #expect(page.text.contains(text), "\(text)") }
        }
    }

    /// Tenths of a ml, halves rounded away from zero; below 10 ml hundredths.
    private static func shown(_ cubicMillimetres: Int) -> String {
        let hundredths = (cubicMillimetres + 5) / 10
        if hundredths < 1000 { return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)" }
        let tenths = (cubicMillimetres + 50) / 100
        return "\(tenths / 10).\(tenths % 10)"
    }

    @Test func oneVolumeReadsTheSameEverywhere() throws {
        var generator = SystemRandomNumberGenerator()
        let edges = [0, 4, 5, 9_994, 9_995, 10_000, 12_350, 201_649, 201_650, 201_749, 201_750, 201_850]
        for volume in edges + (0..<200).map({ _ in Int.random(in: 50...400_000, using: &generator) }) {
            let result = Self.result(Double(volume))
            let shown = Self.shown(volume)
            let draft = try ReportComposer.checked(result)
            let sentences = draft.sentences.map(\.text)
            #expect(sentences.contains("Whole tumour (including oedema): \(shown) ml."), "\(volume)")
            #expect(sentences.contains { $0.contains("Lesion 1: right hemisphere, \(shown) ml including oedema") })
            #expect(sentences.contains { $0.contains("right hemisphere: \(shown) ml including oedema") })
            #expect(ReportRemark.remarks(on: draft.text, result.structuredFindings) == [])
            let rows = result.structuredFindings.compactMap(\.measurement)
            #expect(rows.filter { $0.name.contains("volume (including oedema)") }.map(\.value) == [shown, shown])
            let numbers = ResultNumbers(Self.stored(result), reasons: nil)
            #expect(numbers.regions.first?.volume == shown && numbers.lesions.first?.rows.first?.volume == shown)
        }
    }

    private static func stored(_ result: SegmentationResult, files: [ResultFile] = []) -> CaseResult {
        CaseResult(
            id: ID(), caseID: ID(), task: ID(), result: result, manifest: "{}", model: WebFixture.model,
            inputsDigest: "", codeVersion: "", createdAt: .now, files: files)
    }

    /// Without T1CE, a displayed 0 would mean that nothing enhances.
    @Test func enhancementThatWasNotAssessedHasNoNumbers() {
        let assessed = ResultNumbers(Self.stored(Self.result(155_100)), reasons: nil)
        #expect(assessed.regions[2].parts == "1 focus" && assessed.lesions[0].rows.count == 3)
        let numbers = ResultNumbers(
            Self.stored(Self.result(155_100, enhancement: Enhancement(.notAssessed))), reasons: nil)
        let region = numbers.regions[2]
        #expect([region.volume, region.parts, region.confidence] == ["–", "–", "–"])
        #expect(numbers.lesions[0].rows.count == 2)
    }

    @Test func aRegionIsReliableOrTheReasonWhyNotIsShown() {
        let notes = [
            ReliabilityNote(region: .wholeTumour, isReliable: true, note: "Predicted Dice 0.93."),
            ReliabilityNote(region: .enhancingTumour, isReliable: false, note: "Predicted Dice 0.34."),
        ]
        let numbers = ResultNumbers(Self.stored(Self.result(155_100, reliability: notes)), reasons: nil)
        #expect(numbers.regions.map(\.note) == ["Reliable", "–", "Predicted Dice 0.34."])
    }

    @Test func noLineBreaksBetweenANumberAndItsUnit() {
        let numbers = ResultNumbers(Self.stored(Self.result(155_100)), reasons: nil)
        #expect(
            numbers.lesions[0].heading
                == "Lesion 1 · right · temporal lobe\u{A0}41\u{A0}% · does not reach the midline")
        #expect(Format.years(1) == "1\u{A0}year" && Format.years(61) == "61\u{A0}years")
    }

    /// The page of a result with measurements of the whole tumour only.
    @Test func anEarlierResultIsShownByTheWholeAlone() throws {
        let old = Self.result(155_100)
        let json = try JSONEncoder().encode(old.lesions[0])
        var object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        object["regions"] = nil
        let lesion = try JSONDecoder().decode(Lesion.self, from: JSONSerialization.data(withJSONObject: object))
        let rows = LesionRows(lesion)
        #expect(
            rows.rows.count == 1 && rows.rows.first?.axial == "106\u{A0}×\u{A0}49" && rows.rows.first?.volume == "155.1"
        )
    }

    /// An expert mask is compared with the labels of its own series, or with none.
    @Test func labelsAreThoseOfTheSeries() throws {
        let blob = try #require(BlobKey("6f9619ff-8b86-d011-b42d-00cf4fc964ff"))
        func file(_ name: String, _ sequence: MRISequence, _ content: OutputFile.Content = .labels) -> ResultFile {
            ResultFile(
                id: ID(), name: name, content: content, region: nil, sequence: sequence, series: nil,
                blob: blob, size: 1, sha256: "")
        }
        let result = Self.stored(
            Self.result(155_100),
            files: [
                file("contours.png", .flair, .picture), file("segmentation.nii.gz", .t1ce),
                file("t1ce/segmentation.nii.gz", .t1ce), file("t2/segmentation.nii.gz", .t2),
            ])
        #expect(result.labels(on: .t1ce)?.name == "t1ce/segmentation.nii.gz")
        #expect(result.labels(on: .t2)?.name == "t2/segmentation.nii.gz")
        #expect(result.labels(on: .t1) == nil && result.labels(on: .flair) == nil)
    }
}
