/// The nested regions of a tumour: whole tumour ⊃ core ⊃ enhancing tumour.
package enum Region: Int, CaseIterable, Sendable {
    case whole, core, enhancing

    package var name: String {
        switch self {
        case .whole: "whole tumour"
        case .core: "tumour core"
        case .enhancing: "enhancing tumour"
        }
    }
}

/// The side of a lesion; `both` if it is on both sides of the midline.
package enum Side: String, Sendable {
    case left, right, both
}

/// A measured fact against which texts are checked.
package struct Fact: Sendable, Equatable {
    package enum Kind: Sendable {
        case volume, lesionCount, partCount, partVolume, maximumDiameter, axialDiameter, perpendicularDiameter
        case axialProduct, side, location, midlineContact, cortexContact, predictedDice, probability
        /// A note that texts quote, such as a reason for review: it contains no claims.
        case quote
        case other
    }

    package let id: String
    package let kind: Kind
    package let region: Region?
    /// The lesion's number; `nil` for all lesions together.
    package let lesion: Int?
    /// mm³, mm, mm², a share of 0...1 or a count.
    package let quantity: Double?
    /// The quantity rounded as displayed, in the same unit.
    package let shown: Double?
    /// A value that is not a number: `left`, `right` or `both`, the name of a structure, `yes` or `no`, a quoted note.
    package let term: String?

    package init(
        id: String, kind: Kind, region: Region? = nil, lesion: Int? = nil,
        quantity: (exact: Double, shown: Double)? = nil, term: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.region = region
        self.lesion = lesion
        self.quantity = quantity?.exact
        shown = quantity?.shown
        self.term = term
    }
}

/// The limits of the measurement that texts may repeat ("of at least 0.05 ml", "within 3 mm"); they are not findings.
package struct MethodLimits: Sendable, Equatable {
    /// mm³: anything smaller counts as absent.
    package let minimumVolume: Double
    /// mm from the brain's surface, and from the midline, that count as contact.
    package let cortexReach: Double
    package let midlineReach: Double

    package init(minimumVolume: Double, cortexReach: Double, midlineReach: Double) {
        self.minimumVolume = minimumVolume
        self.cortexReach = cortexReach
        self.midlineReach = midlineReach
    }
}
