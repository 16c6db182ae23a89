/// The sequences that the platform uses.
package enum SequenceRole: String, CaseIterable, Sendable {
    case t1, t1ce, t2, flair

    package var displayName: String { self == .t1ce ? "T1CE" : rawValue.uppercased() }
}

/// Which sequence a series is, from its attributes, and why.
package struct SequenceGuess: Equatable, Sendable {
    /// `nil` if it is none of the four.
    package let role: SequenceRole?
    /// For the user: what the guess is based on.
    package let reason: String
    /// Contradictions between attributes, each naming both.
    package let warnings: [String]
    /// Whether the images were computed from others, for example reformatted.
    package let isDerived: Bool

    package init(_ attributes: SeriesAttributes) {
        let words = SeriesWords(attributes)
        isDerived =
            attributes.imageType.contains { $0.uppercased().hasPrefix("DERIVED") } || words.isReformatted(attributes)
        if let other = words.otherPurpose(attributes) {
            role = nil
            reason = other
            warnings = []
            return
        }
        let measured = Weighting.measured(timesOf: attributes)
        let named = words.weighting
        guard let weighting = Weighting.decided(named: named, measured: measured) else {
            role = nil
            reason = "neither description nor times say which sequence it is"
            warnings = []
            return
        }
        var warnings: [String] = []
        if let named, let measured, measured.isCertain, named != measured.weighting {
            warnings.append(
                "The description says \(named.displayName), but \(measured.reason) means \(measured.weighting.displayName)."
            )
        }
        let basis = [named.map { "described as \($0.displayName)" }, measured?.reason].compactMap { $0 }
        switch weighting {
        case .protonDensity, .shortInversion:
            role = nil
            reason = ([weighting.displayName] + basis).joined(separator: ", ")
        case .t2: (role, reason) = (.t2, basis.joined(separator: ", "))
        case .fluidAttenuated: (role, reason) = (.flair, basis.joined(separator: ", "))
        case .t1:
            let contrast = ContrastEvidence(attributes, words)
            role = contrast.isGiven ? .t1ce : .t1
            reason = (basis + [contrast.reason]).joined(separator: ", ")
            warnings += contrast.warnings
        }
        self.warnings = warnings
    }
}

/// Whether a T1 series was acquired after contrast agent.
struct ContrastEvidence {
    let isGiven: Bool
    let reason: String
    let warnings: [String]

    private static let none: Set = ["", "no", "none", "n/a", "na", "no contrast", "without", "0", "unknown"]

    init(_ attributes: SeriesAttributes, _ words: SeriesWords) {
        let agent = (attributes.contrastAgent ?? "").lowercased()
        let isStated =
            !Self.none.contains(agent.trimmingPrefix(" ").description) || attributes.contrastVolume ?? 0 > 0
            || attributes.hasContrastSequence
        switch (isStated, words.contrast) {
        case (true, false?):
            // The agent often stays in the protocol of a series that was acquired before the injection.
            isGiven = false
            reason = "described as without contrast"
            warnings = ["Contrast/Bolus Agent is stated, but the description says without contrast."]
        case (true, _):
            isGiven = true
            reason = "contrast agent stated"
            warnings = []
        case (false, true?):
            isGiven = true
            reason = "described as with contrast"
            warnings = []
        case (false, _):
            isGiven = false
            reason = "no contrast agent"
            warnings = []
        }
    }
}
