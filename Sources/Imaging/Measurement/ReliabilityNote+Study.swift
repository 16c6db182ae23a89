extension ReliabilityNote {
    /// The reliability of each region, from the available sequences, the kind of image and the model's prediction for
    /// this case.
    ///
    /// The model card and the API's list of models state the model's accuracy on other patients; a sentence repeated in
    /// every report would not be read (docs/decisions/0241).
    ///
    /// - Parameters:
    ///   - expectedDice: excludes regions without voxels and regions without a predictor.
    ///   - reviewBelow: the model package's thresholds.
    ///   - isOverlaid: whether the series overlay each other. If not, they may be of different patients, and neither the
    ///     presence nor the absence of a region is reliable.
    static func notes(
        sequences: [MRISequence], brainMask: BrainMask, expectedDice: [TumourRegion: Double] = [:],
        reviewBelow: [TumourRegion: Double] = [:], enhancement: Enhancement? = nil, isOverlaid: Bool = true
    ) -> [ReliabilityNote] {
        TumourRegion.allCases.map { region in
            if brainMask == .none {
                return unreliable(
                    region,
                    "The images show the skull; the model was trained on skull-stripped images, "
                        + "so \(mask(region)) is unreliable."
                )
            }
            if !isOverlaid {
                return unreliable(region, "The series do not overlay each other, so \(mask(region)) is unreliable.")
            }
            if region == .enhancingTumour, let enhancement, !enhancement.isSegmented { return note(enhancement) }
            if let dice = expectedDice[region] {
                return note(region, dice, line: Review.line(of: region, stated: reviewBelow))
            }
            return note(region, sequences)
        }
    }

    private static func mask(_ region: TumourRegion) -> String {
        "the \(region.displayName.replacing(" ", with: "-")) mask"
    }

    private static func unreliable(_ region: TumourRegion, _ note: String) -> ReliabilityNote {
        ReliabilityNote(region: region, isReliable: false, note: note)
    }

    /// No voxel is marked as enhancing.
    private static func note(_ enhancement: Enhancement) -> ReliabilityNote {
        guard enhancement.answer != .notAssessed else {
            return unreliable(.enhancingTumour, "Enhancement cannot be assessed without T1CE.")
        }
        guard let probability = enhancement.probability, Review.doubtfulEnhancement.contains(probability) else {
            return ReliabilityNote(region: .enhancingTumour, isReliable: true, note: "No enhancement segmented.")
        }
        return unreliable(.enhancingTumour, "That nothing enhances is uncertain.")
    }

    private static func note(_ region: TumourRegion, _ dice: Double, line: Double) -> ReliabilityNote {
        let predicted = "predicted Dice \(QuantityText.coefficient(dice).text)"
        guard dice < line else {
            return ReliabilityNote(region: region, isReliable: true, note: "P\(predicted.dropFirst()).")
        }
        let mask = mask(region)
        return unreliable(
            region,
            "\(mask.prefix(1).uppercased())\(mask.dropFirst()) is unreliable: \(predicted), below \(QuantityText.coefficient(line).text)."
        )
    }

    /// From the sequences alone, for a model that does not predict Dice.
    private static func note(_ region: TumourRegion, _ sequences: [MRISequence]) -> ReliabilityNote {
        let needed: MRISequence = region == .wholeTumour ? .flair : .t1ce
        guard sequences.contains(needed) else {
            return unreliable(region, "Without \(needed.displayName) \(mask(region)) is unreliable.")
        }
        return ReliabilityNote(
            region: region, isReliable: true,
            note: "\(needed.displayName) is present, which \(mask(region)) depends on.")
    }
}
