/// The meaning of the values of a label map; always `brats2023` inside the platform.
package enum LabelConvention: String, CaseIterable, Sendable {
    /// BraTS up to 2021: 1 necrotic and non-enhancing core, 2 oedema, 4 enhancing tumour.
    case brats
    /// BraTS 2015: 1 necrosis, 2 oedema, 3 non-enhancing tumour, 4 enhancing tumour.
    case brats2015
    /// BraTS 2023: 1 necrotic core, 2 oedema, 3 enhancing tumour.
    case brats2023
    /// BraTS 2024 post-treatment: as 2023, and 4 resection cavity, which is not tumour.
    case brats2024
    /// BraTS Metastases 2023, and 2025 with post-treatment cases: 1 non-enhancing core, 2 surrounding FLAIR
    /// hyperintensity, 3 enhancing tumour, and 4 resection cavity, which is not tumour.
    case bratsMets = "brats-mets"

    /// The labels of the regions, and of what is not tumour.
    private var table: (whole: Set<UInt8>, core: Set<UInt8>, enhancing: Set<UInt8>, cavity: Set<UInt8>) {
        switch self {
        case .brats: ([1, 2, 4], [1, 4], [4], [])
        case .brats2015: ([1, 2, 3, 4], [1, 3, 4], [4], [])
        case .brats2023: ([1, 2, 3], [1, 3], [3], [])
        case .brats2024, .bratsMets: ([1, 2, 3], [1, 3], [3], [4])
        }
    }

    /// The labels that make up a region.
    package func labels(of region: TumourRegion) -> Set<UInt8> {
        switch region {
        case .wholeTumour: table.whole
        case .tumourCore: table.core
        case .enhancingTumour: table.enhancing
        }
    }

    /// All labels other than 0 that a map may contain.
    package var known: Set<UInt8> { table.whole.union(table.cavity) }

    /// The convention that a map's labels imply: 3 without 4 is enhancing tumour as of 2023, 4 without 3 is enhancing
    /// tumour in earlier years.
    ///
    /// - Throws: `ImagingError(.ambiguousLabels)` if they are ambiguous: 3 and 4 together mean one thing in 2015 and
    ///   another in 2024 and for metastases, and 1 alone may be the mask of any region.
    package static func detected(in labels: Set<UInt8>) throws -> LabelConvention {
        let found = labels.subtracting([0])
        guard found.isSubset(of: [1, 2, 3, 4]) else {
            throw ImagingError(
                .unsupportedImage, "The mask contains labels of no known convention. BraTS uses 0 to 4.")
        }
        guard found != [1] else {
            throw ImagingError(
                .ambiguousLabels,
                "The mask contains only label 1, which may mean any region. Specify labelConvention.")
        }
        guard !found.isSuperset(of: [3, 4]) else {
            throw ImagingError(
                .ambiguousLabels,
                "The mask contains labels 3 and 4, which have different meanings in brats2015, brats2024 and brats-mets; "
                    + "specify labelConvention.")
        }
        return found.contains(4) ? .brats : .brats2023
    }

    /// - Throws: `ImagingError(.invalidImage)` if the map contains a label that the convention does not define.
    package func check(_ labels: Set<UInt8>) throws {
        guard labels.subtracting([0]).isSubset(of: known) else {
            throw ImagingError(
                .invalidImage, "The label map contains labels that the convention \(rawValue) does not define.")
        }
    }

    /// - Throws: `ImagingError(.invalidImage)` if the map contains a label that the convention does not define.
    package func mask(of region: TumourRegion, in map: LabelMap) throws -> LabelMap {
        let known = known
        guard map.values.allSatisfy({ $0 == 0 || known.contains($0) }) else {
            throw ImagingError(
                .invalidImage, "The label map contains labels that the convention \(rawValue) does not define.")
        }
        let wanted = labels(of: region)
        return map.mask { wanted.contains($0) }
    }
}
