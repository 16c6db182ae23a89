/// The nested regions of BraTS: enhancing tumour ⊂ tumour core ⊂ whole tumour.
package enum TumourRegion: String, CaseIterable, Codable, Sendable, Hashable, CodingKeyRepresentable {
    case wholeTumour = "whole_tumor"
    case tumourCore = "tumor_core"
    case enhancingTumour = "enhancing_tumor"

    /// BraTS's abbreviation, as in model packages and tables.
    package var abbreviation: String {
        switch self {
        case .wholeTumour: "WT"
        case .tumourCore: "TC"
        case .enhancingTumour: "ET"
        }
    }

    /// As in sentences.
    package var displayName: String {
        switch self {
        case .wholeTumour: "whole tumour"
        case .tumourCore: "tumour core"
        case .enhancingTumour: "enhancing tumour"
        }
    }

    package init?(abbreviation: String) {
        guard let region = Self.allCases.first(where: { $0.abbreviation == abbreviation }) else { return nil }
        self = region
    }
}

/// Labels inside the platform: BraTS 2023/24. Other conventions are converted on input and output.
package enum TumourLabel: UInt8, CaseIterable, Sendable {
    case background = 0
    case necroticCore = 1
    case oedema = 2
    case enhancing = 3
    case resectionCavity = 4
}
