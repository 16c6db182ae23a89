/// A lobe or deep structure that names a lesion's location; the terms are those of VASARI's tumour location and its
/// deep structures.
package enum AtlasStructure: UInt8, CaseIterable, Sendable {
    case frontalLobe = 1
    case temporalLobe, parietalLobe, occipitalLobe, insula, cerebellum, brainstem, corpusCallosum, basalGanglia,
        thalamus
    case internalCapsule

    package var name: String {
        switch self {
        case .frontalLobe: "frontal lobe"
        case .temporalLobe: "temporal lobe"
        case .parietalLobe: "parietal lobe"
        case .occipitalLobe: "occipital lobe"
        case .insula: "insula"
        case .cerebellum: "cerebellum"
        case .brainstem: "brainstem"
        case .corpusCallosum: "corpus callosum"
        case .basalGanglia: "basal ganglia"
        case .thalamus: "thalamus"
        case .internalCapsule: "internal capsule"
        }
    }
}

/// Encoded by name, as in results and reports.
extension AtlasStructure: Codable {
    package init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let structure = Self.allCases.first(where: { $0.name == name }) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no structure of the atlas has this name"))
        }
        self = structure
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

extension AtlasStructure {
    /// Harvard-Oxford cortical atlas, labels 1…48 in the order of FSL's `HarvardOxford-Cortical.xml`.
    static func harvardOxford(_ label: UInt8) -> AtlasStructure? {
        switch label {
        // Poles, gyri, medial and orbital cortex, anterior cingulate, frontal and central operculum.
        case 1, 3...7, 25...29, 33, 41, 42: .frontalLobe
        case 2: .insula
        // Pole, gyri, parahippocampal and fusiform gyri, planum polare, Heschl's gyrus, planum temporale.
        case 8...16, 34, 35, 37...39, 44...46: .temporalLobe
        // Postcentral, superior, supramarginal, angular; posterior cingulate, precuneus, parietal operculum.
        case 17...21, 30, 31, 43: .parietalLobe
        // The superior division of the lateral occipital cortex (22) extends far into the parietal lobe: AAL splits it.
        case 22...24, 32, 36, 40, 47, 48: .occipitalLobe
        default: nil
        }
    }

    /// JHU ICBM-DTI-81 white-matter labels; tracts that cross lobes are assigned to the nearest cortex.
    static func jhu(_ label: UInt8) -> AtlasStructure? {
        switch label {
        case 3...5: .corpusCallosum
        // The peduncles belong to the cerebellum only if AAL says so.
        case 1, 2, 7...16: .brainstem
        case 17...22: .internalCapsule
        default: nil
        }
    }

    /// AAL, for structures that the Harvard-Oxford cortical atlas omits or delineates differently from VASARI.
    static func aal(_ label: UInt8) -> AtlasStructure? {
        switch label {
        case 37, 38, 41, 42: .temporalLobe
        case 59...68: .parietalLobe
        case 71...76: .basalGanglia
        case 77, 78: .thalamus
        case 91...116: .cerebellum
        default: nil
        }
    }
}
