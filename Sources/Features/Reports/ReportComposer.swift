import Imaging
import Kernel

/// Composes a report draft from findings alone: the same findings give the same text. It states no diagnosis and no
/// grade.
package struct ReportComposer {
    private typealias Sentence = ReportDraft.Sentence

    private let findings: ReportFindings
    private let model: String
    /// The series used for the measurements.
    private let reference: MRISequence

    package static func compose(_ result: SegmentationResult) -> ReportDraft {
        let composer = ReportComposer(result)
        let lesions = composer.findings.lesions.flatMap(composer.sentences(on:))
        return ReportDraft(
            sentences: composer.technique + composer.overview + lesions + composer.impression + composer.limits)
    }

    /// The draft, after its claims have been checked.
    ///
    /// - Throws: an internal fault if its findings do not support a sentence; no report is written then.
    package static func checked(_ result: SegmentationResult) throws -> ReportDraft {
        let draft = compose(result)
        if let fault = draft.faults(against: result.structuredFindings).first {
            throw AppError(
                .internalFault, "The report draft was held back: it says what was not measured.", cause: fault)
        }
        return draft
    }

    private init(_ result: SegmentationResult) {
        findings = ReportFindings(result.structuredFindings)
        model = result.modelVersion
        reference = result.referenceModality
    }

    /// For statements of every report: if their finding is missing, the sentence cites none and the check rejects the
    /// draft.
    private static let notMeasured = "not measured"

    private var technique: [Sentence] {
        let sentence = findings.sentence(.technique) { found in
            let present = found.sequences()
            let absent = MRISequence.allCases.map(\.displayName).filter { !present.contains($0) }
            let missing = absent.isEmpty ? "" : " Not available: \(Self.list(absent))."
            return "Brain MRI with \(Self.list(present)). Automatic segmentation by \(model), "
                + "measured on the \(reference.displayName) series.\(missing)"
        }
        return [sentence].compactMap { $0 }
    }

    // MARK: Findings

    /// The number of lesions, and their measurements together.
    private var overview: [Sentence] {
        let count = findings.sentence(.findings) { found in
            switch found.lesionCount() {
            case nil: "Lesions: \(Self.notMeasured)."
            case 0: "No lesion of at least \(MeasurementLimits.minimumVolumeText)\(doubt(.wholeTumour))."
            case 1: "One lesion."
            case let count?:
                "\(QuantityText.count(count).text) lesions of at least \(MeasurementLimits.minimumVolumeText)."
            }
        }
        return [count].compactMap { $0 } + TumourRegion.allCases.compactMap(volume(of:))
    }

    /// ` (unreliable)`: the absence of a region with an unreliable mask is no plain fact either.
    private func doubt(_ region: TumourRegion) -> String { findings.isReliable(region) ? "" : " (unreliable)" }

    /// What was not assessed is no absence.
    private func doubt(_ answer: Enhancement) -> String { answer.answer == .none ? doubt(.enhancingTumour) : "" }

    private func volume(of region: TumourRegion) -> Sentence? {
        findings.sentence(.findings) { found in
            if region == .enhancingTumour, !findings.isEnhancementSegmented {
                return found.enhancement().flatMap { answer in
                    answer.sentence.map { "\($0)\(doubt(answer))." }
                }
            }
            let volume = found.volume(region) ?? Self.notMeasured
            let parts = findings.lesions.count > 1 ? inParts(region, lesion: nil, &found) : nil
            return "\(Self.title(region)): \(volume)\(parts ?? "")."
        }
    }

    /// ` in 2 parts`; `nil` if parts were not counted.
    private func inParts(_ region: TumourRegion, lesion: Int?, _ found: inout FindingReader) -> String? {
        guard let parts = findings.parts(of: region, lesion: lesion), parts != .none,
            let noun = Self.noun(region, parts), let count = found.partCount(region, lesion: lesion)
        else { return nil }
        return " in \(QuantityText.count(count).text) \(noun)"
    }

    private static func noun(_ region: TumourRegion, _ parts: ReportFindings.Parts) -> String? {
        switch region {
        case .wholeTumour: nil
        case .tumourCore: parts == .one ? "part" : "parts"
        case .enhancingTumour: parts == .one ? "focus" : "foci"
        }
    }

    private func sentences(on lesion: Int) -> [Sentence] {
        [
            whole(of: lesion), part(.tumourCore, of: lesion),
            findings.isEnhancementSegmented ? part(.enhancingTumour, of: lesion) : nil,
            place(of: lesion), midline(of: lesion), cortex(of: lesion),
        ].compactMap { $0 }
    }

    private func whole(of lesion: Int) -> Sentence? {
        findings.sentence(.findings) { found in
            let side = found.side(lesion: lesion).map(Self.side)
            let volume = found.volume(.wholeTumour, lesion: lesion).map { "\($0) including oedema" }
            let size = found.size(.wholeTumour, lesion: lesion)
            return "Lesion \(lesion): \([side, volume, size].compactMap { $0 }.joined(separator: ", "))."
        }
    }

    private func part(_ region: TumourRegion, of lesion: Int) -> Sentence? {
        guard let parts = findings.parts(of: region, lesion: lesion) else { return nil }
        let isCore = region == .tumourCore
        return findings.sentence(.findings) { found in
            if parts == .none {
                found.cite(.partCount, region, lesion: lesion)
                let none = isCore ? "No core" : "No enhancing component"
                return "\(none) of at least \(MeasurementLimits.minimumVolumeText)\(doubt(region))."
            }
            let volume = found.volume(region, lesion: lesion) ?? Self.notMeasured
            let size = found.size(region, lesion: lesion)
            var text = "\(isCore ? "Core" : "Enhancing component"): \(volume)"
            if parts == .several { text += severalParts(region, of: lesion, &found) }
            let subject = parts == .several ? Self.noun(region, .one).map { "largest \($0) " } : nil
            return text + (size.map { ", \(subject ?? "")\($0)" } ?? "") + "."
        }
    }

    /// ` in 4 parts (largest 6.00 ml, 3.10 ml and 0.70 ml)`
    private func severalParts(_ region: TumourRegion, of lesion: Int, _ found: inout FindingReader) -> String {
        let count = inParts(region, lesion: lesion, &found) ?? ""
        let volumes = found.partVolumes(region, lesion: lesion, limit: Self.statedParts)
        guard !volumes.texts.isEmpty else { return count }
        return "\(count) (\(volumes.isCut ? "largest " : "")\(Self.list(volumes.texts)))"
    }

    /// The number of parts whose volumes a sentence lists.
    private static let statedParts = 3

    /// Structures with at least a tenth of the lesion.
    private func place(of lesion: Int) -> Sentence? {
        findings.sentence(.findings) { found in
            let places = found.places(lesion: lesion, from: 0.1)
            return places.isEmpty ? nil : "Location (atlas): \(places.joined(separator: ", "))."
        }
    }

    private func midline(of lesion: Int) -> Sentence? {
        findings.sentence(.findings) { found in
            found.contact(.midlineContact, lesion: lesion)
                .map { $0 ? "Reaches the midline." : "Does not reach the midline." }
        }
    }

    private func cortex(of lesion: Int) -> Sentence? {
        let reach = MeasurementLimits.cortexReachText
        return findings.sentence(.findings) { found in
            found.contact(.cortexContact, lesion: lesion).map { touches in
                touches
                    ? "Abuts the cortical surface (≤ \(reach))." : "Does not abut the cortical surface (> \(reach))."
            }
        }
    }

    // MARK: Impression

    private var impression: [Sentence] {
        let reasons = findings.sentences(.impression, each: .review) { $0.term.map { "Needs review: \($0)" } }
        let summary = findings.sentence(.impression) { found in
            guard let count = found.lesionCount(), count > 0 else {
                return "No tumour segmented; this does not exclude one."
            }
            let what = count == 1 ? "One lesion" : "\(QuantityText.count(count).text) lesions"
            let largest = findings.lesions.first.flatMap { found.side(lesion: $0) }
            let side = largest.map { ", " + (count == 1 ? Self.side($0) : "the largest in \(Self.place($0))") }
            return "\(what) segmented as tumour\(side ?? ""): \(volumes(&found))."
        }
        return reasons + [summary].compactMap { $0 }
    }

    /// For all lesions together.
    private func volumes(_ found: inout FindingReader) -> String {
        let whole = found.volume(.wholeTumour) ?? Self.notMeasured
        let core = found.volume(.tumourCore) ?? Self.notMeasured
        let component = findings.isEnhancementSegmented ? found.volume(.enhancingTumour) : nil
        let answer = found.enhancement().flatMap { answer in answer.clause.map { $0 + doubt(answer) } }
        let enhancing = answer ?? "enhancing component \(component ?? Self.notMeasured)"
        return "\(whole) including oedema, core \(core), \(enhancing)"
    }

    // MARK: Limits

    private var limits: [Sentence] {
        let predicted = findings.sentence(.limits) { found in
            let dice = found.predictedDice()
            guard !dice.isEmpty else { return nil }
            return "Predicted Dice (estimated overlap with an expert segmentation): \(dice.joined(separator: ", "))."
        }
        // About the whole draft: it cites findings that every result has.
        let draft = findings.sentence(.limits) { found in
            found.cite(.lesionCount)
            return "Automatic draft for research. Masks require visual review. "
                + "No conclusion on tumour type or grade can be drawn."
        }
        return findings.sentences(.limits, each: .reliability) { $0.quantity == 0 ? $0.term : nil }
            + [predicted].compactMap { $0 }
            + findings.sentences(.limits, each: .brainMask) { finding in
                finding.term == BrainMask.found.rawValue
                    ? "Skull stripped automatically; the mask edge at the brain surface requires visual review." : nil
            }
            + findings.sentences(.limits, each: .atlasFit) { finding in
                finding.term == AtlasFit.Status.aligned.rawValue
                    ? nil : "No lobe named: the images could not be aligned with an atlas."
            } + [draft].compactMap { $0 }
    }

    // MARK: Words

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    private static func side(_ side: Lesion.Side) -> String {
        switch side {
        case .left: "left hemisphere"
        case .right: "right hemisphere"
        case .midline: "both hemispheres"
        }
    }

    private static func place(_ side: Lesion.Side) -> String {
        side == .midline ? Self.side(side) : "the \(Self.side(side))"
    }

    private static func title(_ region: TumourRegion) -> String {
        switch region {
        case .wholeTumour: "Whole tumour (including oedema)"
        case .tumourCore: "Tumour core"
        case .enhancingTumour: "Enhancing tumour"
        }
    }
}

extension Enhancement {
    /// `clause` as a sentence without a full stop, with the probability if known.
    var sentence: String? {
        clause.map { clause in
            let probability = probability.map {
                " (estimated probability of enhancement \(QuantityText.coefficient($0).text))"
            }
            return "\(clause.prefix(1).uppercased())\(clause.dropFirst())\(probability ?? "")"
        }
    }
}
