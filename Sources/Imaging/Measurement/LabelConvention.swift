/// What the numbers of a label map mean; inside the platform it is always `brats2023`.
package enum LabelConvention: String, CaseIterable, Sendable {
    /// BraTS up to 2021: 1 necrotic and non-enhancing core, 2 oedema, 4 enhancing tumour.
    case brats
    /// BraTS 2015: 1 necrosis, 2 oedema, 3 non-enhancing tumour, 4 enhancing tumour.
    case brats2015
    /// BraTS 2023: 1 necrotic core, 2 oedema, 3 enhancing tumour.
    case brats2023

    /// The labels that make up a region.
    package func labels(of region: TumourRegion) -> Set<UInt8> {
        switch (self, region) {
        case (.brats, .wholeTumour): [1, 2, 4]
        case (.brats, .tumourCore): [1, 4]
        case (.brats2015, .wholeTumour): [1, 2, 3, 4]
        case (.brats2015, .tumourCore): [1, 3, 4]
        case (.brats, .enhancingTumour), (.brats2015, .enhancingTumour): [4]
        case (.brats2023, .wholeTumour): [1, 2, 3]
        case (.brats2023, .tumourCore): [1, 3]
        case (.brats2023, .enhancingTumour): [3]
        }
    }

    /// - Throws: `ImagingError(.invalidImage)` where the map holds a label that the convention does not have.
    package func mask(of region: TumourRegion, in map: LabelMap) throws -> LabelMap {
        let known = labels(of: .wholeTumour)
        guard map.values.allSatisfy({ $0 == 0 || known.contains($0) }) else {
            throw ImagingError(
                .invalidImage, "The label map holds labels that the convention \(rawValue) does not have.")
        }
        let wanted = labels(of: region)
        return map.mask { wanted.contains($0) }
    }
}

/// Agreement of two masks.
package enum Agreement {
    /// Dice's coefficient, 0...1; two empty masks agree wholly (1). The masks lie on one grid.
    package static func dice(_ first: LabelMap, _ second: LabelMap) -> Double {
        precondition(first.values.count == second.values.count, "Dice compares masks on one grid")
        var both = 0
        var total = 0
        for (a, b) in zip(first.values, second.values) {
            both += a != 0 && b != 0 ? 1 : 0
            total += (a != 0 ? 1 : 0) + (b != 0 ? 1 : 0)
        }
        return total == 0 ? 1 : 2 * Double(both) / Double(total)
    }
}
