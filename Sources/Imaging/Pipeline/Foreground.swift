import CITK

/// The voxels that a network processes: the brain if every series is skull-stripped, else the head.
package struct Foreground: Sendable {
    /// On the reference series' grid.
    package let mask: LabelMap
    package let brainMask: BrainMask

    /// The brain that a network found in a head: the largest component of the voxels with a positive logit, without
    /// holes.
    ///
    /// - Parameter logits: on the reference's grid.
    /// - Throws: `ImagingError(.unsupportedImage)` if nothing is left.
    package init(brain logits: Image) throws {
        let found = logits.mask { $0 > 0 }
        guard found.values.contains(1) else {
            throw ImagingError(.unsupportedImage, "No brain was found in the images.")
        }
        self.init(mask: try found.largestComponent().filled(), brainMask: .found)
    }

    fileprivate init(mask: LabelMap, brainMask: BrainMask) {
        self.mask = mask
        self.brainMask = brainMask
    }

    /// A head has at least 1.7 times the voxels of its brain; in a stripped brain surrounded by noise the network finds
    /// two thirds.
    private static let maximumHeadToBrainRatio = 1.6
    /// The share of touched faces up to which a brain is completely within its volume; a head touches more because of
    /// its neck.
    private static let touchedFaces = 0.05

    /// This foreground of a head as a given brain, if the brain found in it is nearly all of it: the series are
    /// stripped, but their background is neither uniform nor faint noise (docs/decisions/0236). `nil` for a head.
    package func given(by brain: Foreground) throws -> Foreground? {
        let whole = try mask.filled()
        let voxels = whole.setVoxelCount
        guard Double(voxels) <= Self.maximumHeadToBrainRatio * Double(brain.mask.setVoxelCount),
            whole.shareOfFaces <= Self.touchedFaces
        else { return nil }
        return Foreground(mask: whole, brainMask: .given)
    }
}

/// A study and its foreground, with the series as all later stages use them: 0 around a stripped brain, no bright
/// corners around a head.
///
/// Keep in sync with `training/background.py`.
package struct SeparatedStudy: Sendable {
    package let study: Study
    package let foreground: Foreground

    /// ml: anything larger is not a brain. Heads may also have a background of exact zeros.
    private static let largestBrain = 2200.0
    private static let otsuBins: Int32 = 128

    /// - Throws: `ImagingError(.unsupportedImage)` if nothing is left.
    package init(_ study: Study) throws {
        let grid = try study.referenceImage.grid
        let found = try Self.stripped(study, on: grid)
        let mayHaveShells =
            found?.foreground.mask.isBox ?? true || study.images.values.contains(where: \.hasSeveralShells)
        if let stripped = try (mayHaveShells ? Self.strippedInShells(study, on: grid) : nil) ?? found {
            self = stripped
        } else {
            let heads = try study.images.mapValues { try $0.withoutPadding() }
            let mask = try Self.union(heads, on: grid) { try Self.aboveOtsu($1) }.largestComponent()
            self.study = try Study(images: heads)
            foreground = Foreground(mask: mask, brainMask: .none)
        }
        guard foreground.mask.values.contains(1) else {
            throw ImagingError(.unsupportedImage, "No head was found in the images.")
        }
    }

    private init(study: Study, foreground: Foreground) {
        self.study = study
        self.foreground = foreground
    }

    /// The study with the axes of every series and the foreground in RAS order.
    package func reoriented() throws -> SeparatedStudy {
        SeparatedStudy(
            study: try Study(images: study.images.mapValues { $0.reoriented() }),
            foreground: Foreground(mask: foreground.mask.reoriented(), brainMask: foreground.brainMask))
    }

    /// `nil` if a series shows more than a brain.
    private static func stripped(_ study: Study, on grid: VoxelGrid) throws -> SeparatedStudy? {
        var backgrounds: [MRISequence: SeriesBackground] = [:]
        for (sequence, image) in study.images {
            guard let background = SeriesBackground(of: image) else { return nil }
            backgrounds[sequence] = background
        }
        var mask = try union(study.images, on: grid) { sequence, image in
            (backgrounds[sequence] ?? SeriesBackground(level: 0)).brain(in: image)
        }
        if backgrounds.values.contains(where: { $0.tolerance > 0 }) { mask = try mask.largestComponent().filled() }
        guard Double(mask.setVoxelCount) * grid.voxelVolume / 1000 <= largestBrain else { return nil }
        var stripped: [MRISequence: Image] = [:]
        for (sequence, background) in backgrounds {
            stripped[sequence] = try study.images[sequence]?.strippingBackground(within: mask, around: background)
        }
        return SeparatedStudy(
            study: try Study(images: stripped), foreground: Foreground(mask: mask, brainMask: .given))
    }

    /// The study without shells around its background: a frame or corners of another value.
    private static func strippedInShells(_ study: Study, on grid: VoxelGrid) throws -> SeparatedStudy? {
        let images = try study.images.mapValues { try $0.withoutShells() }
        guard images.values.contains(where: { $0 != nil }) else { return nil }
        return try stripped(
            Study(images: images.reduce(into: study.images) { $0[$1.key] = $1.value ?? $0[$1.key] }), on: grid)
    }

    private static func union(
        _ images: [MRISequence: Image], on grid: VoxelGrid, of own: (MRISequence, Image) throws -> LabelMap
    ) throws -> LabelMap {
        var union = LabelMap(grid: grid, filledWith: 0)
        for (sequence, image) in images {
            let placed = try Resampler.nearest(own(sequence, image), to: grid)
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

extension Volume where Element == UInt8 {
    /// Whether a frame was mistaken for the background: a brain fills about half of its bounding box.
    fileprivate var isBox: Bool {
        boundingBox.map { Double(setVoxelCount) > 0.9 * Double($0.size.count) } ?? false
    }

    /// The share of the faces' voxels that is set.
    fileprivate var shareOfFaces: Double {
        let faces = Face.all.flatMap { $0.values(of: self).joined() }
        return Double(faces.count(where: { $0 != 0 })) / Double(faces.count)
    }
}
