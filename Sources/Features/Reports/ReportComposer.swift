import Foundation
import Imaging

/// Writes a report draft from measured findings alone: the same result gives the same text. It names no diagnosis and no grade.
package struct ReportComposer {
    private let result: SegmentationResult
    private var sentences: [ReportDraft.Sentence] = []

    package static func compose(_ result: SegmentationResult) -> ReportDraft {
        var composer = ReportComposer(result)
        composer.addTechnique()
        composer.addVolumes()
        for lesion in result.lesions { composer.add(lesion) }
        composer.addImpression()
        composer.addLimits()
        return ReportDraft(sentences: composer.sentences)
    }

    /// The draft after `ReportCheck` has found nothing.
    ///
    /// - Throws: an internal fault where a sentence says what its findings do not; then no report is written.
    package static func checked(_ result: SegmentationResult) throws -> ReportDraft {
        let draft = compose(result)
        if let fault = ReportCheck(result.structuredFindings).faults(in: draft).first {
            throw AppError(
                .internalFault, "The report draft was held back: it says what was not measured.", cause: fault)
        }
        return draft
    }

    private init(_ result: SegmentationResult) {
        self.result = result
    }

    private func ids(_ kinds: Finding.Kind..., lesion: Int? = nil) -> [String] {
        result.structuredFindings.filter { kinds.contains($0.kind) && $0.lesion == lesion }.map(\.id)
    }

    private mutating func say(_ section: ReportDraft.Section, _ text: String, _ findings: [String]) {
        sentences.append(ReportDraft.Sentence(section: section, text: text, findings: findings))
    }

    private mutating func addTechnique() {
        let present = result.availableModalities
        let absent = MRISequence.allCases.filter { !present.contains($0) }
        let missing = absent.isEmpty ? "" : " Not available: \(Self.list(absent))."
        say(
            .technique,
            "MRI of the brain with \(Self.list(present)), segmented automatically by \(result.modelVersion); "
                + "measured on the \(result.referenceModality.displayName) series.\(missing)",
            ids(.sequencesPresent))
    }

    private mutating func addVolumes() {
        for region in TumourRegion.allCases {
            let finding = result.structuredFindings.filter { $0.kind == .volume && $0.region == region }.map(\.id)
            let volume = Self.millilitres(result.volumes[region] ?? 0)
            say(.findings, "\(Self.name(region)): \(volume).", finding)
        }
        let count = result.lesions.count
        let text =
            count == 0
            ? "No lesion of at least 0.05 ml was found by the method."
            : "\(count) separate \(count == 1 ? "lesion" : "lesions") of at least 0.05 ml \(count == 1 ? "was" : "were") found."
        say(.findings, text, ids(.lesionCount))
    }

    private mutating func add(_ lesion: Lesion) {
        let number = lesion.number
        let where_ =
            switch lesion.side {
            case .left: "in the left half of the brain"
            case .right: "in the right half of the brain"
            case .midline: "on both sides of the midline"
            }
        say(
            .findings,
            "Lesion \(number) lies \(where_) and measures \(Self.millilitres(lesion.volumes[.wholeTumour] ?? 0)).",
            ids(.side, lesion: number)
                + result.structuredFindings.filter {
                    $0.kind == .lesionVolume && $0.lesion == number && $0.region == .wholeTumour
                }.map(\.id))
        addPlace(lesion)
        say(
            .findings,
            "Its largest diameter is \(Self.millimetres(lesion.maximumDiameter)); in the axial plane it measures "
                + "\(Self.millimetres(lesion.axialDiameter)) × \(Self.millimetres(lesion.perpendicularDiameter)).",
            ids(.maximumDiameter, .axialDiameter, .perpendicularDiameter, lesion: number))
        say(
            .findings, "It \(lesion.touchesMidline ? "reaches" : "does not reach") the midline.",
            ids(.midlineContact, lesion: number))
        if let touches = lesion.touchesCortex {
            say(
                .findings, "It \(touches ? "comes" : "does not come") within 3 mm of the brain's surface.",
                ids(.cortexContact, lesion: number))
        }
    }

    /// Structures that hold at least a tenth of the lesion.
    private mutating func addPlace(_ lesion: Lesion) {
        let places = result.structuredFindings.filter {
            $0.kind == .location && $0.lesion == lesion.number && ($0.quantity ?? 0) >= 0.1
        }
        guard !places.isEmpty else { return }
        let names = places.map { "the \($0.term ?? "") (\(Self.percent($0.quantity ?? 0)))" }
        say(.findings, "By the atlas it occupies \(Self.list(names)).", places.map(\.id))
    }

    private mutating func addImpression() {
        for finding in result.structuredFindings where finding.kind == .review {
            if let reason = finding.term { say(.impression, "Needs review: \(reason)", [finding.id]) }
        }
        guard let largest = result.lesions.first else {
            say(
                .impression, "The method found no tumour; this does not exclude one.", ids(.lesionCount))
            return
        }
        let count = result.lesions.count
        let what = count == 1 ? "One lesion" : "\(count) lesions"
        let side =
            switch largest.side {
            case .left: "on the left"
            case .right: "on the right"
            case .midline: "across the midline"
            }
        say(
            .impression,
            "\(what) segmented as tumour, \(count == 1 ? "" : "the largest ")\(side), whole tumour "
                + "\(Self.millilitres(result.volumes[.wholeTumour] ?? 0)).",
            ids(.lesionCount) + ids(.side, lesion: largest.number)
                + result.structuredFindings.filter { $0.kind == .volume && $0.region == .wholeTumour }.map(\.id))
    }

    private mutating func addLimits() {
        let notes = result.structuredFindings.filter { $0.kind == .reliability && $0.quantity == 0 }
        for note in notes {
            if let term = note.term { say(.limits, term, [note.id]) }
        }
        for finding in result.structuredFindings where finding.kind == .expectedDice {
            guard let region = finding.region, let dice = finding.quantity else { continue }
            say(
                .limits,
                "\(Self.name(region)): the model expects a Dice of \(Self.dice(dice)) with an expert's mask.",
                [finding.id])
        }
        for finding in result.structuredFindings where finding.kind == .brainMask && finding.term == "found" {
            say(
                .limits,
                "The images show the skull; the brain was separated from it automatically, so the mask's edge at the "
                    + "brain's surface must be looked at.", [finding.id])
        }
        for finding in result.structuredFindings where finding.kind == .atlasFit && finding.term != "aligned" {
            say(
                .limits, "No lobe is stated, since no atlas could be aligned with these images.", [finding.id])
        }
        say(
            .limits,
            "This is an automatic draft for research: the masks must be looked at, and neither nature nor grade of a lesion "
                + "follows from them.", ids(.lesionCount))
    }

    private static func list(_ sequences: [MRISequence]) -> String { list(sequences.map(\.displayName)) }

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    private static func name(_ region: TumourRegion) -> String {
        switch region {
        case .wholeTumour: "Whole tumour (with oedema)"
        case .tumourCore: "Tumour core"
        case .enhancingTumour: "Enhancing tumour"
        }
    }

    /// ml, two decimals below 10.
    static func millilitres(_ cubicMillimetres: Double) -> String {
        let value = cubicMillimetres / 1000
        return String(format: value < 10 ? "%.2f ml" : "%.1f ml", value)
    }

    static func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }

    static func dice(_ value: Double) -> String { String(format: "%.2f", value) }

    static func millimetres(_ value: Double) -> String { String(format: "%.0f mm", value) }
}
