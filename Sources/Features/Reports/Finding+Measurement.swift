import Foundation
import Imaging
import Rendering

extension Finding {
    /// The finding as a line of the printed table; nil for what is said in sentences only.
    var measurement: ReportDocument.Measurement? {
        guard let name = measuredName, let shown = shownValue else { return nil }
        let subject = [lesion.map { "Lesion \($0)" }, region?.printedName].compactMap { $0 }
        let words = (subject + [name]).joined(separator: ": ")
        return ReportDocument.Measurement(number: id, name: words, value: shown.value, unit: shown.unit)
    }

    private var measuredName: String? {
        switch kind {
        case .volume, .lesionVolume: "volume"
        case .lesionCount: "Lesions of at least 0.05 ml"
        case .maximumDiameter: "largest diameter"
        case .axialDiameter: "largest axial diameter"
        case .perpendicularDiameter: "diameter at right angles to it"
        case .bidimensionalProduct: "product of the axial diameters"
        case .side: "side"
        case .location: "share in the \(term ?? "")"
        case .midlineContact: "reaches the midline"
        case .cortexContact: "within 3 mm of the brain's surface"
        case .confidence: "mean probability"
        case .expectedDice: "Dice expected with an expert's mask"
        case .atlasFit: "Fit of the atlas"
        case .centre, .brainMask, .sequencesPresent, .reliability, .review: nil
        }
    }

    private var shownValue: (value: String, unit: String)? {
        guard let quantity else { return term.map { ($0, "") } }
        switch (unit, kind) {
        case ("mm3", _): return (String(ReportComposer.millilitres(quantity).dropLast(3)), "ml")
        case ("mm", _): return (String(format: "%.0f", quantity), "mm")
        case ("mm2", _): return (String(format: "%.0f", quantity), "mm²")
        case (_, .location): return (String(format: "%.0f", 100 * quantity), "%")
        case (_, .lesionCount): return (String(format: "%.0f", quantity), "")
        default: return (String(format: "%.2f", quantity), "")
        }
    }
}

extension TumourRegion {
    fileprivate var printedName: String {
        switch self {
        case .wholeTumour: "Whole tumour"
        case .tumourCore: "Tumour core"
        case .enhancingTumour: "Enhancing tumour"
        }
    }
}
