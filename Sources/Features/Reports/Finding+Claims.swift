import Claims
import Imaging

extension ClaimCheck {
    /// Checks texts against findings, with the limits of the measurement.
    init(_ findings: [Finding]) {
        let isAssessed = !findings.contains {
            $0.kind == .enhancement && $0.term == Enhancement.Answer.notAssessed.rawValue
        }
        self.init(
            findings.flatMap { Fact.facts(of: $0, isEnhancementAssessed: isAssessed) },
            limits: MethodLimits(
                minimumVolume: MeasurementLimits.minimumVolume, cortexReach: MeasurementLimits.cortexReach,
                midlineReach: MeasurementLimits.midlineReach))
    }
}

extension Fact {
    /// The facts that texts may state from a finding. The absence of enhancement is quoted, in each form used by
    /// reports. Without T1CE the empty mask of enhancing tumour is not a measurement, but may be cited.
    static func facts(of finding: Finding, isEnhancementAssessed: Bool) -> [Fact] {
        let isOfMask = finding.measuredRegion == .enhancingTumour && !notes.contains(finding.kind)
        guard isEnhancementAssessed || !isOfMask else { return [Fact(id: finding.id, kind: .other)] }
        guard finding.kind == .enhancement, let answer = finding.term.flatMap(Enhancement.Answer.init) else {
            return [Fact(finding)]
        }
        let enhancement = Enhancement(answer, probability: finding.quantity)
        return [enhancement.sentence, enhancement.clause].compactMap { $0 }
            .map { Fact(id: finding.id, kind: .quote, term: $0) } + [Fact(id: finding.id, kind: .other)]
    }

    /// What is said about a region besides the measurements of its mask.
    private static let notes: Set<Finding.Kind> = [.enhancement, .reliability, .expectedDice]

    private init(_ finding: Finding) {
        self.init(
            id: finding.id, kind: Kind(finding.kind), region: finding.measuredRegion.map(Region.init),
            lesion: finding.lesion,
            quantity: finding.quantity.map { ($0, Self.shown($0, finding)) },
            term: finding.kind == .side ? finding.term.flatMap(Side.init(finding:))?.rawValue : finding.term)
    }

    /// Rounded as by `QuantityText`, in the finding's unit.
    private static func shown(_ quantity: Double, _ finding: Finding) -> Double {
        switch (finding.unit, finding.kind) {
        case ("mm3", _): Double(QuantityText.volume(quantity).value).map { $0 * 1000 } ?? quantity
        case ("mm", _): Double(QuantityText.length(quantity).value) ?? quantity
        case ("mm2", _): Double(QuantityText.area(quantity).value) ?? quantity
        case (_, .location): Double(QuantityText.share(quantity).value).map { $0 / 100 } ?? quantity
        case (_, .expectedDice), (_, .confidence): Double(QuantityText.coefficient(quantity).value) ?? quantity
        default: quantity
        }
    }
}

extension Fact.Kind {
    fileprivate init(_ kind: Finding.Kind) {
        self =
            switch kind {
            case .volume, .lesionVolume: .volume
            case .lesionCount: .lesionCount
            case .partCount: .partCount
            case .partVolume: .partVolume
            case .maximumDiameter: .maximumDiameter
            case .axialDiameter: .axialDiameter
            case .perpendicularDiameter: .perpendicularDiameter
            case .bidimensionalProduct: .axialProduct
            case .side: .side
            case .location: .location
            case .midlineContact: .midlineContact
            case .cortexContact: .cortexContact
            case .confidence: .probability
            case .expectedDice: .predictedDice
            case .reliability, .review: .quote
            case .sequencesPresent, .centre, .brainMask, .atlasFit, .enhancement: .other
            }
    }
}

extension Region {
    fileprivate init(_ region: TumourRegion) {
        self =
            switch region {
            case .wholeTumour: .whole
            case .tumourCore: .core
            case .enhancingTumour: .enhancing
            }
    }
}

extension Side {
    fileprivate init?(finding term: String) {
        switch Lesion.Side(rawValue: term) {
        case .left: self = .left
        case .right: self = .right
        case .midline: self = .both
        case nil: return nil
        }
    }
}
