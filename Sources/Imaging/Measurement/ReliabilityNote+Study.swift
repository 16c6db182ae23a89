extension ReliabilityNote {
    /// What the present sequences and the kind of image allow to say, by region.
    static func notes(sequences: [MRISequence], isSkullStripped: Bool) -> [ReliabilityNote] {
        TumourRegion.allCases.map { region in
            guard isSkullStripped else {
                return ReliabilityNote(
                    region: region, isReliable: false,
                    note: "The images still show the skull; the model was trained on skull-stripped images, "
                        + "so \(region.abbreviation) is unreliable.")
            }
            return note(region, sequences)
        }
    }

    private static func note(_ region: TumourRegion, _ sequences: [MRISequence]) -> ReliabilityNote {
        let needed: MRISequence = region == .wholeTumour ? .flair : .t1ce
        let isPresent = sequences.contains(needed)
        let what =
            switch region {
            case .wholeTumour: "the extent of the whole tumour"
            case .tumourCore: "the tumour core"
            case .enhancingTumour: "enhancing tumour"
            }
        let text =
            isPresent
            ? "\(needed.displayName) is present, on which \(what) rests."
            : "Without \(needed.displayName) no claim about \(what) is reliable."
        return ReliabilityNote(region: region, isReliable: isPresent, note: text)
    }
}
