/// The spatial relation of two grids in the patient.
package enum GridRelation: Equatable, Sendable {
    /// The same voxels at the same points, possibly with the axes in another order: no interpolation is needed.
    case sameVoxels(AxisRearrangement)
    /// Different voxels in the same box: resampling is enough.
    case sameBox
    /// Boxes that do not coincide: without registration the images may not overlay each other.
    case apart(millimetres: Double)

    /// - Parameter tolerance: how far, in mm, corners of equal grids may differ.
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

/// What the headers of a study's series say about their positions, before anything is registered: boxes that share too
/// little of the patient's space are worth a warning.
package enum SeriesOverlay {
    /// The share of the smaller box that must be within the other.
    fileprivate static let leastShare = 0.75

    /// Names the sequences that cover a different part of the patient's space; `nil` if all cover the reference's.
    package static func warning(_ grids: [MRISequence: VoxelGrid]) -> String? {
        guard let reference = reference(grids) else { return nil }
        let apart = apart(grids)
        return apart.isEmpty ? nil : sentence(apart, reference)
    }

    /// The warning about each sequence that does not overlap the others.
    package static func problems(_ grids: [MRISequence: VoxelGrid]) -> [MRISequence: String] {
        guard let reference = reference(grids) else { return [:] }
        let apart = apart(grids)
        var problems = Dictionary(uniqueKeysWithValues: apart.map { ($0, sentence([$0], reference)) })
        // It is unknown which of the two is misplaced.
        if !apart.isEmpty { problems[reference] = sentence(apart, reference) }
        return problems
    }

    private static func reference(_ grids: [MRISequence: VoxelGrid]) -> MRISequence? {
        MRISequence.referenceOrder.first { grids[$0] != nil }
    }

    private static func apart(_ grids: [MRISequence: VoxelGrid]) -> [MRISequence] {
        guard let reference = reference(grids).flatMap({ grids[$0] }) else { return [] }
        return grids.keys.sorted().filter { sequence in
            grids[sequence].map { !$0.overlaps(reference) } ?? false
        }
    }

    private static func sentence(_ sequences: [MRISequence], _ reference: MRISequence) -> String {
        "\(sequences.map(\.displayName).joined(separator: ", ")) and \(reference.displayName) do not overlap enough "
            + "by their headers. Segmentation registers them by their images; check their positions in the result."
    }
}

extension VoxelGrid {
    private static var pointsPerAxis: Int { 16 }

    /// Whether enough of the two boxes coincides for series to be of one region by their headers.
    package func overlaps(_ other: VoxelGrid) -> Bool {
        if case .apart = GridRelation(self, to: other) {
            return max(share(within: other), other.share(within: self)) >= SeriesOverlay.leastShare
        }
        return true
    }

    /// Whether this grid's voxels coincide with another's where both have some: the same axes, possibly in another
    /// order, and whole voxels between their origins, within `tolerance` mm.
    package func isOnLattice(of other: VoxelGrid, tolerance: Double = 0.1) -> Bool {
        let change = AxisRearrangement(from: orientation, to: other.orientation)
        let own = rearranged(change)
        let start = other.index(of: own.affine.point(i: 0, j: 0, k: 0))
        let lower = [start.i, start.j, start.k].map { $0.rounded() }
        guard lower.allSatisfy({ abs($0) < 1e6 }) else { return false }
        let expected = other.cropped(lower: lower.map { Int($0) }, size: own.size)
        return zip(own.corners, expected.corners).allSatisfy { $0.distance(to: $1) <= tolerance }
    }

    /// The share of this grid's box, 0...1, that is within another's.
    package func share(within other: VoxelGrid) -> Double {
        let steps = (0..<Self.pointsPerAxis).map { (Double($0) + 0.5) / Double(Self.pointsPerAxis) }
        let toOther = other.affine.inverse.composed(with: affine)
        var inside = 0
        for k in steps {
            for j in steps {
                for i in steps {
                    let place = toOther.point(
                        i: i * Double(size.i) - 0.5, j: j * Double(size.j) - 0.5, k: k * Double(size.k) - 0.5)
                    let isInside = (0..<3).allSatisfy {
                        (-0.5...Double(other.size[$0]) - 0.5).contains(place.components[$0])
                    }
                    inside += isInside ? 1 : 0
                }
            }
        }
        return Double(inside) / Double(steps.count * steps.count * steps.count)
    }
}

extension Study {
    /// The share of the brain that a series must cover.
    private static let leastReach = 0.9

    /// - Parameter brain: on the reference's grid.
    /// - Throws: `ImagingError(.incompatibleSeries)` if a series covers too little of the brain.
    package func checkReach(over brain: LabelMap) throws {
        let total = brain.setVoxelCount
        for sequence in sequences {
            guard let grid = images[sequence]?.grid, grid != brain.grid, total > 0 else { continue }
            let reach = try Resampler.nearest(LabelMap(grid: grid, filledWith: 1), to: brain.grid)
            var seen = 0
            for index in reach.values.indices where reach.values[index] != 0 && brain.values[index] != 0 { seen += 1 }
            let share = Double(seen) / Double(total)
            guard share < Self.leastReach else { continue }
            throw ImagingError(
                .incompatibleSeries,
                "\(sequence.displayName) covers only \(Int(share * 100)) % of the brain that "
                    + "\(reference.displayName) shows. Upload a series that covers it, or leave \(sequence.displayName) out."
            )
        }
    }
}

extension Study {
    /// Checks that do not need the brain mask; `SeriesLattice.checkCopies` finds changed copies.
    ///
    /// - Throws: `ImagingError(.incompatibleSeries)` if two series have equal voxels.
    package func checkSeries() throws {
        var seen = [String: MRISequence]()
        for sequence in sequences {
            guard let image = images[sequence] else { continue }
            let digest = VoxelDigest(of: image).valuesDigest
            if let other = seen.updateValue(sequence, forKey: digest) {
                throw ImagingError(.incompatibleSeries, DuplicateSeries.message(other, sequence))
            }
        }
    }
}

/// The sentence for an image that was uploaded as two sequences, unchanged or mirrored.
package enum DuplicateSeries {
    package static func message(_ first: MRISequence, _ second: MRISequence) -> String {
        "\(first.displayName) and \(second.displayName) hold the same image (as it is, mirrored or rescaled): "
            + "each sequence needs its own series."
    }
}
