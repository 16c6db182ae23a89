/// One measured fact with an id that the report's sentences cite.
package struct Finding: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case sequencesPresent = "sequences_present"
        case volume
        case lesionCount = "lesion_count"
        case lesionVolume = "lesion_volume"
        case maximumDiameter = "maximum_diameter"
        case axialDiameter = "axial_diameter"
        case perpendicularDiameter = "perpendicular_diameter"
        case bidimensionalProduct = "bidimensional_product"
        /// The number of parts of the core, or of enhancing foci: connected, at least 0.05 ml.
        case partCount = "part_count"
        /// The volume of one such part; the term is the part's number.
        case partVolume = "part_volume"
        case centre
        case side
        case location
        case brainMask = "brain_mask"
        case atlasFit = "atlas_fit"
        case midlineContact = "midline_contact"
        case cortexContact = "cortex_contact"
        case confidence
        case expectedDice = "expected_dice"
        /// Whether any part enhances: `Enhancement.Answer`, with its probability.
        case enhancement
        case reliability
        case review
    }

    /// `F1`, `F2` … in the order of the result.
    package let id: String
    package let kind: Kind
    /// The measured region; `nil` for diameters in results of earlier versions, which measured the whole tumour.
    package let region: TumourRegion?
    /// The lesion's number if the finding is about one lesion.
    package let lesion: Int?
    package let quantity: Double?
    /// UCUM: `mm3`, `mm`, `mm2`, or `1` for counts and shares.
    package let unit: String?
    /// A value that is not a number: a side, a lobe, the sequences, a reliability note, a reason for review.
    package let term: String?

    package init(
        id: String, kind: Kind, region: TumourRegion? = nil, lesion: Int? = nil, quantity: Double? = nil,
        unit: String? = nil, term: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.region = region
        self.lesion = lesion
        self.quantity = quantity
        self.unit = unit
        self.term = term
    }

    private static let diameters: Set<Kind> = [
        .maximumDiameter, .axialDiameter, .perpendicularDiameter, .bidimensionalProduct,
    ]

    /// The measured region, including findings of earlier versions that omitted it.
    package var measuredRegion: TumourRegion? { region ?? (Self.diameters.contains(kind) ? .wholeTumour : nil) }
}
