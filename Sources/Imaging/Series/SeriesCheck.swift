import Foundation

/// The results of the checks of one patient's series, without a segmentation.
package struct SeriesCheck: Codable, Equatable, Sendable {
    package struct Series: Codable, Equatable, Sendable {
        package let sequence: MRISequence
        /// Voxels along i, j, k.
        package let dimensions: [Int]
        /// mm along i, j, k.
        package let spacing: [Double]
        /// The directions of i, j and k, for example `LPS`.
        package let orientation: String
    }

    package let series: [Series]
    package let brainMask: BrainMask
    package let pairs: [SeriesPair]
    package let review: Review

    private enum CodingKeys: String, CodingKey {
        case series
        case brainMask = "brain_mask"
        case pairs, review
    }

    /// - Throws: `ImagingError` if the series cannot be segmented together.
    package init(_ files: [MRISequence: URL]) throws {
        let study = try Study(loading: files)
        try study.checkSeries()
        let separated = try SeparatedStudy(study)
        let lattice = try SeriesLattice(separated.study)
        try lattice.checkCopies()
        let foreground = separated.foreground
        let overlay = try lattice.overlay(within: foreground.mask)
        series = study.sequences.compactMap { sequence in
            study.images[sequence].map { image in
                Series(
                    sequence: sequence, dimensions: image.grid.size.lengths, spacing: image.grid.spacing,
                    orientation: image.grid.orientation.description)
            }
        }
        brainMask = foreground.brainMask
        pairs = overlay.pairs
        review = Review(
            reasons: lattice.strippingDoubts(brainMask) + overlay.warnings
                + (try SeriesComparison(separated.study.images, within: foreground.mask)).warnings)
    }
}

extension Study {
    /// - Throws: `ImagingError` naming the series that cannot be used.
    package init(loading files: [MRISequence: URL]) throws {
        let images = try files.sorted { $0.key < $1.key }.concurrentMap { sequence, file in
            (sequence, try ImagingError.naming(sequence.displayName) { try NIfTIFile.readImage(file) })
        }
        try self.init(images: Dictionary(uniqueKeysWithValues: images))
    }
}
