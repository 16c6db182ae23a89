extension ReliabilityNote {
    /// A mask whose mean Dice is below this is unreliable.
    private static let leastDice = 0.7

    /// What the present sequences, the kind of image and the model's own measurements allow to say, by region.
    ///
    /// - Parameter measured: with exactly these sequences; nil where the model package states none.
    static func notes(
        sequences: [MRISequence], brainMask: BrainMask, measured: MeasuredDice?
    ) -> [ReliabilityNote] {
        TumourRegion.allCases.map { region in
            let mask = "the \(region.displayName.replacing(" ", with: "-")) mask"
            guard brainMask != .none else {
                return ReliabilityNote(
                    region: region, isReliable: false,
                    note: "The images show the skull; the model was trained on skull-stripped images, "
                        + "so \(mask) is unreliable.")
            }
            let needed: MRISequence = region == .wholeTumour ? .flair : .t1ce
            let sentence = sentence(region, measured)
            guard sequences.contains(needed) else {
                return ReliabilityNote(
                    region: region, isReliable: false,
                    note: (["Without \(needed.displayName) \(mask) is unreliable."] + [sentence.map { $0 + "." }])
                        .compactMap { $0 }.joined(separator: " "))
            }
            guard let dice = measured?.dice[region], let sentence else {
                return ReliabilityNote(
                    region: region, isReliable: true,
                    note: "\(needed.displayName) is present, which \(mask) depends on.")
            }
            let isReliable = dice >= leastDice
            return ReliabilityNote(
                region: region, isReliable: isReliable,
                note: isReliable ? sentence + "." : sentence + ": \(mask) is unreliable.")
        }
    }

    /// Without its full stop.
    private static func sentence(_ region: TumourRegion, _ measured: MeasuredDice?) -> String? {
        guard let measured, let dice = measured.dice[region] else { return nil }
        return
            "With these sequences the model reached a mean Dice of \(QuantityText.coefficient(dice).text) for "
            + "\(region.displayName) on \(measured.patients) held-out patients"
    }
}
