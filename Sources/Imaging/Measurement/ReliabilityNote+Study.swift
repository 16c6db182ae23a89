import Foundation

extension ReliabilityNote {
    /// A mean Dice below this is no base for a claim.
    private static let leastDice = 0.7

    /// What the present sequences, the kind of image and the model's own measurements allow to say, by region.
    ///
    /// - Parameter measured: with exactly these sequences; nil where the model package states none.
    static func notes(
        sequences: [MRISequence], brainMask: BrainMask, measured: MeasuredDice?
    ) -> [ReliabilityNote] {
        TumourRegion.allCases.map { region in
            guard brainMask != .none else {
                return ReliabilityNote(
                    region: region, isReliable: false,
                    note: "The images still show the skull; the model was trained on skull-stripped images, "
                        + "so \(region.abbreviation) is unreliable.")
            }
            let needed: MRISequence = region == .wholeTumour ? .flair : .t1ce
            guard sequences.contains(needed) else {
                return ReliabilityNote(
                    region: region, isReliable: false,
                    note: "Without \(needed.displayName) no claim about \(name(region)) is reliable."
                        + (sentence(region, measured).map { " " + $0 } ?? ""))
            }
            guard let dice = measured?.dice[region], let sentence = sentence(region, measured) else {
                return ReliabilityNote(
                    region: region, isReliable: true,
                    note: "\(needed.displayName) is present, on which \(name(region)) rests.")
            }
            let isReliable = dice >= leastDice
            return ReliabilityNote(
                region: region, isReliable: isReliable,
                note: sentence + (isReliable ? "" : " That is too little to rely on \(name(region))."))
        }
    }

    private static func sentence(_ region: TumourRegion, _ measured: MeasuredDice?) -> String? {
        guard let measured, let dice = measured.dice[region] else { return nil }
        return
            "With these sequences the model reached a mean Dice of \(String(format: "%.2f", dice)) for \(name(region)) "
            + "on \(measured.patients) patients that it had not seen."
    }

    private static func name(_ region: TumourRegion) -> String {
        switch region {
        case .wholeTumour: "the whole tumour"
        case .tumourCore: "the tumour core"
        case .enhancingTumour: "enhancing tumour"
        }
    }
}
