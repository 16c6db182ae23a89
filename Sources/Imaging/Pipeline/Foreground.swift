import CITK

/// The voxels that a network looks at: the brain where every series is skull-stripped, else the head.
package struct Foreground: Sendable {
    /// On the reference series' grid.
    package let mask: LabelMap
    package let isSkullStripped: Bool

    /// A skull-stripped series has at least this share of voxels that are exactly 0.
    private static let strippedZeroShare = 0.2
    private static let otsuBins: Int32 = 128

    /// Skull-stripped: voxels that are not 0 in any series; else the largest component of those above each series' Otsu threshold.
    ///
    /// - Throws: `ImagingError(.unsupportedImage)` where nothing is left.
    package init(of study: Study) throws {
        guard let reference = study.images[study.reference] else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        let images = study.sequences.compactMap { study.images[$0] }
        isSkullStripped = images.allSatisfy { image in
            let zeros = image.values.reduce(into: 0) { count, value in count += value == 0 ? 1 : 0 }
            return Double(zeros) >= Self.strippedZeroShare * Double(image.values.count)
        }
        var union = LabelMap(grid: reference.grid, filledWith: 0)
        for image in images {
            let own = isSkullStripped ? image.mask { $0 != 0 } : try Self.aboveOtsu(image)
            let placed = try Resampler.nearest(own, to: reference.grid)
            for (index, value) in placed.values.enumerated() where value != 0 { union.values[index] = 1 }
        }
        mask = isSkullStripped ? union : try union.largestComponent()
        guard mask.values.contains(1) else {
            throw ImagingError(.unsupportedImage, "No head was found in the images.")
        }
    }

    private static func aboveOtsu(_ image: Image) throws -> LabelMap {
        var threshold = 0.0
        try ITKBorder.run("finding the head") { error in
            citk_otsu(image.values, Int64(image.values.count), otsuBins, &threshold, error)
        }
        return image.mask { Double($0) > threshold }
    }
}
