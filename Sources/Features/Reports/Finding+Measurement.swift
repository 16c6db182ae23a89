import Foundation
import Imaging
import Rendering

extension Finding {
    /// The finding as a row of the printed table; `nil` for findings that sentences do not state.
    var measurement: ReportDocument.Measurement? {
        guard let name = measuredName, let shown = shownValue else { return nil }
        let subject = [lesion.map { "Lesion \($0)" }, measuredRegion?.displayName].compactMap { $0 }
            .joined(separator: ", ")
        let words = subject.isEmpty ? name : "\(subject.prefix(1).uppercased())\(subject.dropFirst()): \(name)"
        return ReportDocument.Measurement(number: id, name: words, value: shown.value, unit: shown.unit)
    }

    private var measuredName: String? {
        switch kind {
        case .volume, .lesionVolume: measuredRegion == .wholeTumour ? "volume (including oedema)" : "volume"
        case .lesionCount: "Lesions (≥ \(MeasurementLimits.minimumVolumeText))"
        case .partCount:
            "\(region == .enhancingTumour ? "foci" : "parts") (≥ \(MeasurementLimits.minimumVolumeText))"
        case .partVolume: "volume of \(region == .enhancingTumour ? "focus" : "part") \(term ?? "")"
        case .maximumDiameter: "largest diameter"
        case .axialDiameter: "largest axial diameter"
        case .perpendicularDiameter: "perpendicular axial diameter"
        case .bidimensionalProduct: "product of axial diameters"
        case .side: "side"
        case .location: "location (atlas), \(term ?? "")"
        case .midlineContact: "reaches the midline"
        case .cortexContact: "abuts the cortical surface (≤ \(MeasurementLimits.cortexReachText))"
        case .confidence: "mean probability"
        case .expectedDice: "predicted Dice"
        case .enhancement: "enhancement"
        case .reliability: "reliability"
        case .atlasFit: "Atlas fit"
        case .brainMask: "Brain mask"
        case .sequencesPresent: "Series"
        case .review: "Needs review"
        case .centre: nil
        }
    }

    private var shownValue: (value: String, unit: String)? {
        if kind == .reliability { return (quantity == 0 ? "unreliable" : "reliable", "") }
        if kind == .enhancement { return term.flatMap { Self.enhancements[$0] }.map { ($0, "") } }
        if kind == .brainMask { return term.flatMap { Self.brainMasks[$0] }.map { ($0, "") } }
        guard let quantity else { return term.map { ($0.replacing("_", with: " "), "") } }
        let shown: QuantityText =
            switch (unit, kind) {
            case ("mm3", _): .volume(quantity)
            case ("mm", _): .length(quantity)
            case ("mm2", _): .area(quantity)
            case (_, .location): .share(quantity)
            case (_, .lesionCount), (_, .partCount): .count(quantity)
            default: .coefficient(quantity)
            }
        return (shown.value, shown.unit)
    }

    private static let enhancements: [String: String] = [
        Enhancement.Answer.segmented.rawValue: "segmented", Enhancement.Answer.none.rawValue: "none segmented",
        Enhancement.Answer.notAssessed.rawValue: "not assessed",
    ]

    private static let brainMasks: [String: String] = [
        BrainMask.given.rawValue: "skull-stripped input", BrainMask.found.rawValue: "skull stripped automatically",
        BrainMask.none.rawValue: "none",
    ]
}

extension [Finding] {
    /// Rows of the printed table; quantities of a region with an unreliable mask are marked, and an empty mask
    /// too.
    var measurements: [ReportDocument.Measurement] {
        let unreliable = Set(filter { $0.kind == .reliability && $0.quantity == 0 }.compactMap(\.region))
        return compactMap { finding in
            guard let row = finding.measurement else { return nil }
            let isOfMask = ["mm3", "mm", "mm2"].contains(finding.unit)
            guard isOfMask, finding.measuredRegion.map(unreliable.contains) == true else { return row }
            return ReportDocument.Measurement(
                number: row.number, name: "\(row.name) (unreliable)", value: row.value, unit: row.unit)
        }
    }
}
