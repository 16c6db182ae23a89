import CITK

/// The voxels that a network looks at: the brain where every series is skull-stripped, else the head.
package struct Foreground: Sendable {
    /// On the reference series' grid.
    package let mask: LabelMap
    package let brainMask: BrainMask

    /// A skull-stripped series has at least this share of voxels that are exactly 0.
    private static let strippedZeroShare = 0.2
    /// ml: what is larger is no brain. Heads may come with a background of exact zeros as well.
    private static let largestBrain = 2200.0
    private static let otsuBins: Int32 = 128

    /// Skull-stripped: voxels that are not 0 in any series, where they are no more than a brain; else the largest component of
    /// those above each series' Otsu threshold.
    ///
    /// - Throws: `ImagingError(.unsupportedImage)` where nothing is left.
    package init(of study: Study) throws {
        guard let reference = study.images[study.reference] else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        let images = study.sequences.compactMap { study.images[$0] }
        let filled = try Self.union(images, on: reference.grid) { image in image.mask { $0 != 0 } }
        let volume = Double(filled.values.reduce(into: 0) { $0 += Int($1) }) * reference.grid.voxelVolume / 1000
        if images.allSatisfy(Self.hasEmptyBackground), volume <= Self.largestBrain {
            brainMask = .given
            mask = filled
        } else {
            brainMask = .none
            mask = try Self.union(images, on: reference.grid, of: Self.aboveOtsu).largestComponent()
        }
        guard mask.values.contains(1) else {
            throw ImagingError(.unsupportedImage, "No head was found in the images.")
        }
    }

    /// The brain that a network found in a head: the largest component of the voxels with a positive logit, without holes.
    ///
    /// - Parameter logits: on the reference's grid.
    /// - Throws: `ImagingError(.unsupportedImage)` where nothing is left.
    package init(brain logits: Image) throws {
        let found = logits.mask { $0 > 0 }
        guard found.values.contains(1) else {
            throw ImagingError(.unsupportedImage, "No brain was found in the images.")
        }
        mask = try found.largestComponent().filled()
        brainMask = .found
    }

    private static func hasEmptyBackground(_ image: Image) -> Bool {
        let zeros = image.values.reduce(into: 0) { count, value in count += value == 0 ? 1 : 0 }
        return Double(zeros) >= strippedZeroShare * Double(image.values.count)
    }

    private static func union(
        _ images: [Image], on grid: VoxelGrid, of own: (Image) throws -> LabelMap
    ) throws -> LabelMap {
        var union = LabelMap(grid: grid, filledWith: 0)
        for image in images {
            let placed = try Resampler.nearest(own(image), to: grid)
            for (index, value) in placed.values.enumerated() where value != 0 { union.values[index] = 1 }
        }
        return union
    }

    private static func aboveOtsu(_ image: Image) throws -> LabelMap {
        var threshold = 0.0
        try ITKBorder.run("finding the head") { error in
            citk_otsu(image.values, Int64(image.values.count), otsuBins, &threshold, error)
        }
        return image.mask { Double($0) > threshold }
    }
}

extension Volume where Element == Float {
    /// The image with 0 outside the mask, which may lie on another grid.
    package func without(outside mask: LabelMap) throws -> Image {
        let inside = try Resampler.nearest(mask, to: grid)
        var image = self
        for index in image.values.indices where inside.values[index] == 0 { image.values[index] = 0 }
        return image
    }
}
