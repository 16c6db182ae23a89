import Testing

@testable import Features
@testable import Imaging
@testable import Kernel

/// A sentence cannot differ from its citations.
@Suite struct ReportFindingsTests {
    /// Three lesions, the first with a core in four parts and two foci.
    private static func result(_ enhancement: Enhancement? = Enhancement(.segmented, probability: 0.9))
        -> SegmentationResult
    {
        let lesions = [
            lesion(1, 40_300, core: [9000, 3100, 700, 60], foci: [2200, 450], .right),
            lesion(2, 5100, core: [800], foci: [], .midline), lesion(3, 410, core: [], foci: [], .left),
        ]
        let volumes: [TumourRegion: Double] = [.wholeTumour: 45_810, .tumourCore: 13_660, .enhancingTumour: 2650]
        let predicted: [TumourRegion: Double] = [.wholeTumour: 0.91, .tumourCore: 0.72, .enhancingTumour: 0.55]
        let note = ReliabilityNote(region: .tumourCore, isReliable: false, note: "The core is not reliable.")
        let review = Review(reasons: ["The predicted Dice of tumour core is 0.72, below the threshold of 0.80."])
        var list = FindingList()
        list.add(sequences: [.t1ce, .flair])
        list.add(volumes: volumes, confidences: volumes.mapValues { _ in 0.8 })
        list.add(expectedDice: predicted)
        list.add(enhancement: enhancement)
        list.add(lesions: lesions)
        list.add(brainMask: .found)
        list.add(atlas: AtlasFit(status: .aligned, fit: 0.9))
        list.add(review: review)
        list.add(notes: [note])
        return SegmentationResult(
            volumes: volumes, confidenceScores: [:], maskFiles: [], structuredFindings: list.findings,
            lesions: lesions, gatingWeights: [:], availableModalities: [.t1ce, .flair], referenceModality: .t1ce,
            reliability: [note], brainMask: .found, review: review, expectedDice: predicted, enhancement: enhancement,
            modelVersion: "m 1.0", device: "cpu")
    }

    private static func lesion(
        _ number: Int, _ volume: Double, core: [Double], foci: [Double], _ side: Lesion.Side
    ) -> Lesion {
        func measured(_ parts: [Double], _ length: Double) -> RegionMeasurement {
            RegionMeasurement(
                volume: parts.reduce(0, +), parts: parts,
                diameters: parts.isEmpty
                    ? nil : .init(maximum: length, axial: length * 0.9, perpendicular: length * 0.7))
        }
        let regions: [TumourRegion: RegionMeasurement] = [
            .wholeTumour: measured([volume], 62), .tumourCore: measured(core, 41), .enhancingTumour: measured(foci, 27),
        ]
        return Lesion(
            number: number, volumes: regions.mapValues(\.volume), confidence: 0.9, maximumDiameter: 62,
            axialDiameter: 55.8, perpendicularDiameter: 43.4, bidimensionalProduct: 2421.7, centre: .origin,
            side: side,
            locations: [
                LesionLocation(structure: .frontalLobe, share: 0.55), LesionLocation(structure: .insula, share: 0.3),
            ], touchesMidline: side == .midline, touchesCortex: side != .left, regions: regions)
    }

    private static func composed(_ result: SegmentationResult, _ findings: [Finding]) -> [ReportDraft.Sentence] {
        ReportComposer.compose(result.with(findings: findings)).sentences
    }

    private static func changed(_ finding: Finding, quantity: Double?, term: String?) -> Finding {
        Finding(
            id: finding.id, kind: finding.kind, region: finding.region, lesion: finding.lesion, quantity: quantity,
            unit: finding.unit, term: term)
    }

    @Test(arguments: [nil, Enhancement(.segmented), Enhancement(.none, probability: 0.1), Enhancement(.notAssessed)])
    func theDraftIsSound(_ enhancement: Enhancement?) throws {
        let result = Self.result(enhancement)
        let sentences = try ReportComposer.checked(result).sentences
        #expect(sentences.allSatisfy { !$0.findings.isEmpty })
    }

    /// Changing a quantity changes the sentences that cite it, and no others.
    @Test func everyQuantityIsThatOfACitedFinding() {
        let result = Self.result()
        let findings = result.structuredFindings
        let before = Self.composed(result, findings)
        let decisive: Set<Finding.Kind> = [.lesionCount, .partCount, .reliability, .enhancement, .atlasFit]
        var stated: Set<Finding.Kind> = []
        for (index, finding) in findings.enumerated() where !decisive.contains(finding.kind) {
            guard let quantity = finding.quantity, quantity > 0 else { continue }
            var other = findings
            other[index] = Self.changed(finding, quantity: quantity * 0.8, term: finding.term)
            let after = Self.composed(result, other)
            #expect(after.count == before.count)
            for (old, new) in zip(before, after) {
                #expect((old != new) == old.findings.contains(finding.id), "\(finding.id): \(old.text)")
            }
            if before != after { stated.insert(finding.kind) }
        }
        #expect(
            stated == [
                .volume, .lesionVolume, .maximumDiameter, .axialDiameter, .perpendicularDiameter, .partVolume,
                .location,
                .expectedDice,
            ])
    }

    @Test func countsSidesContactsAndNotesFollowTheirFindings() {
        let result = Self.result()
        let others: [Finding.Kind: (quantity: Double?, term: String?, text: String)] = [
            .sequencesPresent: (nil, "T1, T2", "Brain MRI with T1 and T2."),
            .lesionCount: (7, nil, "7 lesions of at least 0.05 ml."),
            .partCount: (9, nil, "Tumour core: 13.7 ml (unreliable) in 9 parts."),
            .side: (nil, "left", "Lesion 1: left hemisphere, 40.3 ml including oedema"),
            .midlineContact: (nil, "yes", "Reaches the midline."),
            .cortexContact: (nil, "no", "Does not abut the cortical surface (> 3 mm)."),
            .review: (nil, "Another reason.", "Needs review: Another reason."),
            .reliability: (0, "Another note.", "Another note."),
            .enhancement: (0.1, "none", "No enhancement segmented (estimated probability of enhancement 0.10)."),
        ]
        for (kind, other) in others {
            var findings = result.structuredFindings
            guard let index = findings.firstIndex(where: { $0.kind == kind }) else {
                Issue.record("The result has no \(kind).")
                continue
            }
            findings[index] = Self.changed(findings[index], quantity: other.quantity, term: other.term)
            let sentence = Self.composed(result, findings).first { $0.text.hasPrefix(other.text) }
            #expect(sentence?.findings.contains(findings[index].id) == true, "\(other.text)")
        }
    }

    /// The document differs in every number.
    @Test func theDocumentIsNotLookedAt() throws {
        let other = Self.lesion(1, 99_900, core: [], foci: [], .left)
        let findings = Self.result().structuredFindings
        let result = SegmentationResult(
            volumes: [.wholeTumour: 99_900, .tumourCore: 0, .enhancingTumour: 0], confidenceScores: [:], maskFiles: [],
            structuredFindings: findings, lesions: [other], gatingWeights: [:], availableModalities: [.t2],
            referenceModality: .t1ce, reliability: [], brainMask: .given,
            review: Review(reasons: ["The document's reason."]), expectedDice: [.wholeTumour: 0.11],
            enhancement: Enhancement(.notAssessed), modelVersion: "m 1.0", device: "cpu")
        let expected = try ReportComposer.checked(Self.result())
        #expect(try ReportComposer.checked(result) == expected)
    }

    @Test func nothingIsCitedBesideWhatASentenceStates() throws {
        let cleared = Self.result(Enhancement(.none, probability: 0.1))
        let sentences = ReportComposer.compose(cleared).sentences
        let kinds = Dictionary(uniqueKeysWithValues: cleared.structuredFindings.map { ($0.id, $0) })
        let impression = try #require(sentences.last { $0.section == .impression })
        let volumes = impression.findings.compactMap { kinds[$0] }.filter { $0.kind == .volume }
        #expect(volumes.map(\.region) == [.wholeTumour, .tumourCore])
        #expect(impression.findings.contains { kinds[$0]?.kind == .enhancement })
    }

    @Test(arguments: [Finding.Kind.lesionCount, .sequencesPresent, .volume])
    func withoutAFindingThatEveryResultHasTheDraftIsHeldBack(_ kind: Finding.Kind) {
        let result = Self.result()
        let findings = result.structuredFindings.filter { $0.kind != kind }
        #expect(throws: AppError.self) { try ReportComposer.checked(result.with(findings: findings)) }
    }

    /// One lesion with this many core parts, and a second location with this share of it.
    private static func alone(parts: Int, share: Double) -> [String] {
        let regions: [TumourRegion: RegionMeasurement] = [
            .tumourCore: RegionMeasurement(
                volume: 1000 * Double(parts), parts: Array(repeating: 1000, count: parts),
                diameters: .init(maximum: 30, axial: 25, perpendicular: 20))
        ]
        let lesion = Lesion(
            number: 1, volumes: [.wholeTumour: 40_300, .tumourCore: 1000 * Double(parts)], confidence: 0.9,
            maximumDiameter: 62, axialDiameter: 55.8, perpendicularDiameter: 43.4, bidimensionalProduct: 2421.7,
            centre: .origin, side: .left,
            locations: [
                LesionLocation(structure: .frontalLobe, share: 0.55), LesionLocation(structure: .insula, share: share),
            ], touchesMidline: false, touchesCortex: true, regions: regions)
        var list = FindingList()
        list.add(volumes: lesion.volumes, confidences: [:])
        list.add(lesions: [lesion])
        return composed(result(), list.findings).map(\.text)
    }

    @Test(arguments: [(0.1, true), (0.0999, false)]) func aTenthOfALesionNamesAPlace(_ share: Double, _ isNamed: Bool) {
        let place = Self.alone(parts: 1, share: share).first { $0.hasPrefix("Location") }
        #expect(place?.contains("insula") == isNamed, "\(place ?? "")")
    }

    /// Three parts are all listed; of four, the three largest.
    @Test(arguments: [3, 4]) func onlyPartsThatAreLeftOutMakeTheOthersTheLargest(_ parts: Int) {
        let texts = Self.alone(parts: parts, share: 0.3)
        let core = texts.first { $0.hasPrefix("Core:") }
        #expect(core?.contains("in \(parts) parts (largest 1.00 ml") == (parts == 4), "\(core ?? "")")
        // The overview does not repeat what the sentence on the only lesion says about its parts.
        #expect(
            texts.contains("Tumour core: \(parts).00 ml (unreliable).")
                || texts.contains("Tumour core: \(parts).00 ml."))
    }
}
