/// How two grids lie to each other in the patient.
package enum GridRelation: Equatable, Sendable {
    /// The same voxels at the same points, in another order of axes perhaps: no interpolation is needed.
    case sameVoxels(AxisRearrangement)
    /// Other voxels that fill the same box: resampling joins them.
    case sameBox
    /// Boxes that do not coincide: without registration nothing says that the images overlay each other.
    case apart(millimetres: Double)

    /// - Parameter tolerance: mm by which corners may differ where the voxels are the same.
    package init(_ first: VoxelGrid, to second: VoxelGrid, tolerance: Double = 0.1) {
        let change = AxisRearrangement(from: first.orientation, to: second.orientation)
        let rearranged = first.rearranged(change)
        let gap = zip(rearranged.corners, second.corners).map { $0.distance(to: $1) }.max() ?? .infinity
        if rearranged.size == second.size, gap <= tolerance {
            self = .sameVoxels(change)
        } else if gap <= max(first.spacing.max() ?? 0, second.spacing.max() ?? 0) {
            self = .sameBox
        } else {
            self = .apart(millimetres: gap)
        }
    }
}

/// The rule by which the series of one study may be segmented together.
package enum SeriesOverlay {
    /// - Throws: `ImagingError(.incompatibleSeries)` with the sequences whose boxes in the patient do not coincide.
    package static func check(_ grids: [MRISequence: VoxelGrid]) throws {
        guard let reference = MRISequence.referenceOrder.first(where: { grids[$0] != nil }),
            let referenceGrid = grids[reference]
        else { return }
        let strangers = grids.keys.sorted().filter { sequence in
            guard let grid = grids[sequence] else { return false }
            if case .apart = GridRelation(grid, to: referenceGrid) { return true }
            return false
        }
        guard !strangers.isEmpty else { return }
        let names = strangers.map(\.displayName).joined(separator: ", ")
        throw ImagingError(
            .incompatibleSeries,
            "\(names) and \(reference.displayName) do not cover the same part of the patient's space, "
                + "so the series cannot be overlaid; register them to one space first.")
    }
}

extension Study {
    /// - Parameter lattice: of this study.
    /// - Throws: `ImagingError(.incompatibleSeries)` where two series do not cover the same place or hold the same image.
    package func checkSeries(_ lattice: SeriesLattice) throws {
        try SeriesOverlay.check(images.mapValues(\.grid))
        var seen = [String: MRISequence]()
        for sequence in sequences {
            guard let image = images[sequence] else { continue }
            let digest = VoxelDigest(of: image).valuesDigest
            if let other = seen.updateValue(sequence, forKey: digest) {
                throw ImagingError(.incompatibleSeries, DuplicateSeries.message(other, sequence))
            }
        }
        if let (first, second) = try lattice.copies() {
            throw ImagingError(.incompatibleSeries, DuplicateSeries.message(first, second))
        }
    }
}

/// The sentence for one image that was given as two sequences, as it is or mirrored.
package enum DuplicateSeries {
    package static func message(_ first: MRISequence, _ second: MRISequence) -> String {
        "\(first.displayName) and \(second.displayName) hold the same image (as it is, mirrored or rescaled): "
            + "each sequence needs its own series."
    }
}
