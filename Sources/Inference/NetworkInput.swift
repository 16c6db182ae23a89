import Basics
import Imaging

/// A study in RAS with its foreground: the input of every stage.
struct PreparedStudy: Sendable {
    let study: Study
    let foreground: Foreground
    /// Around the foreground, on its grid.
    let box: VoxelBox
    /// The centre of the networks' grids: a box that does not move when the foreground changes by a few voxels.
    let bulk: VoxelBox

    /// The share of the foreground before and after the bulk along an axis.
    private static let bulkTail = 0.01

    /// - Parameter separated: in RAS.
    init(_ separated: SeparatedStudy) throws {
        try self.init(separated.study, separated.foreground)
    }

    /// - Parameter study: in RAS.
    init(_ study: Study, _ foreground: Foreground) throws {
        self.study = study
        self.foreground = foreground
        guard let box = foreground.mask.boundingBox, let bulk = foreground.mask.bulk(leaving: Self.bulkTail) else {
            throw ImagingError(.unsupportedImage, "No head was found in the images.")
        }
        self.box = box
        self.bulk = bulk
    }
}

/// A study on the grid of one stage's network. Keep in sync with `training/preprocess.py` and `training/inference.py`.
struct NetworkInput: Sendable {
    let grid: VoxelGrid
    /// [1, 4, k, j, i]: z-scores within the foreground; 0 outside it and for missing sequences.
    let images: Tensor
    /// [1, 4]: 1 for sequences that are present.
    let availability: Tensor
    /// The statistics behind the z-scores, by sequence.
    let statistics: [MRISequence: IntensityStatistics]

    /// - Parameters:
    ///   - statistics: from an earlier stage; by default from the foreground on this grid.
    ///   - isMasked: false keeps voxels outside the foreground, for a network that finds the brain.
    init(
        _ prepared: PreparedStudy, on grid: VoxelGrid, _ stage: ModelPackage.Stage, _ package: ModelPackage,
        statistics known: [MRISequence: IntensityStatistics]? = nil, isMasked: Bool = true, control: WorkControl
    ) throws {
        let inside = try Resampler.nearest(prepared.foreground.mask, to: grid).values
        let channels = try package.sequences.concurrentMap { sequence -> ([Float], IntensityStatistics?) in
            try control.checkCancellation()
            guard let image = prepared.study.images[sequence] else {
                return ([Float](repeating: 0, count: grid.size.count), nil)
            }
            let values = try Self.values(image, on: grid, stage)
            let seen = image.grid == prepared.foreground.mask.grid ? inside : try Self.seen(inside, by: image, on: grid)
            let statistics =
                known?[sequence]
                ?? IntensityStatistics(values, within: seen, floor: package.standardDeviationFloor)
            return (statistics.zScores(values, within: isMasked ? seen : nil), statistics)
        }
        let found = zip(package.sequences, channels).compactMap { name, channel in channel.1.map { (name, $0) } }
        statistics = Dictionary(uniqueKeysWithValues: found)
        self.grid = grid
        let lengths = [grid.size.k, grid.size.j, grid.size.i]
        images = Tensor(shape: [1, channels.count] + lengths, values: Array(channels.map(\.0).joined()))
        availability = Tensor(
            shape: [1, channels.count],
            values: package.sequences.map { prepared.study.images[$0] == nil ? 0 : 1 })
    }

    /// [1, 4, k, j, i] of one window.
    func window(_ windows: Windows, at origin: GridSize) -> Tensor {
        let channels = images.shape[1]
        let lengths = [windows.size.k, windows.size.j, windows.size.i]
        return Tensor(
            shape: [1, channels] + lengths, values: windows.cut(images.values, channels: channels, at: origin))
    }

    /// The part of the foreground that a series covers.
    private static func seen(_ inside: [UInt8], by image: Image, on grid: VoxelGrid) throws -> [UInt8] {
        let reach = try Resampler.nearest(LabelMap(grid: image.grid, filledWith: 1), to: grid).values
        return inside.indices.map { inside[$0] & reach[$0] }
    }

    private static func values(_ image: Image, on grid: VoxelGrid, _ stage: ModelPackage.Stage) throws -> [Float] {
        // Voxels beyond the filter's reach cannot change a value.
        let near = image.grid.box(covering: grid, margin: filterReach).map(image.cropped(to:)) ?? image
        return try Resampler.linear(Smoothing.recursive(near, sigma: sigma(near.grid, stage)), to: grid).values
    }

    /// Voxels; the recursive Gaussian's sigma is less than one at 1 mm.
    private static let filterReach = 12.0

    private static func sigma(_ grid: VoxelGrid, _ stage: ModelPackage.Stage) -> [Double] {
        (0..<3).map { axis in
            let spacing = grid.spacing[axis]
            // The recursive filter needs four voxels.
            guard spacing < stage.spacing - 1e-3, grid.size[axis] >= 4 else { return 0 }
            let difference: Double = stage.spacing * stage.spacing - spacing * spacing
            return stage.antialiasSigmaFactor * difference.squareRoot()
        }
    }
}

extension ModelPackage.Stage {
    /// The step, in voxels, between allowed origins of the grid, if the box permits: the networks halve a grid up to
    /// four times, so a shift by eight voxels changes their output only at the edges.
    private static let places = [8.0, 4, 2, 1]

    /// The first stage's grid. It contains the box, is centred near the bulk, and is aligned to a lattice in patient
    /// space. Otherwise one more voxel on a side of the foreground would shift every input value (docs/decisions/0229).
    func grid(around prepared: PreparedStudy) -> VoxelGrid {
        let (box, bulk, source) = (prepared.box, prepared.bulk, prepared.foreground.mask.grid)
        let zero = source.index(of: .origin)
        var lengths: [Int] = []
        var first: [Double] = []
        var scale: [Double] = []
        for axis in 0..<3 {
            let factor: Double = spacing / source.spacing[axis]
            let exact: Double = Double(box.size[axis]) / factor
            let needed = Int((exact - 1e-6).rounded(.up))
            let length = window.length(needed, axis: axis)
            let covered: Double = Double(length) * factor
            let middle: Double = Double(bulk.lower[axis]) + Double(bulk.size[axis]) / 2
            let latest: Double = Double(box.lower[axis])
            let earliest: Double = latest + Double(box.size[axis]) - covered
            let wanted: Double = middle - covered / 2
            // A quarter, since many origins are half a voxel from a whole one.
            let anchor: Double = ([zero.i, zero.j, zero.k][axis] + 0.25).rounded(.down)
            let faces: [Double] = Self.places.map { voxels in
                let step: Double = voxels * factor
                return anchor + ((wanted - anchor) / step + 0.5).rounded(.down) * step
            }
            let face: Double =
                faces.first { $0 > earliest - 1e-6 && $0 < latest + 1e-6 }
                ?? min(max((wanted + 0.5).rounded(.down), earliest), latest)
            lengths.append(length)
            scale.append(factor)
            first.append(face - 0.5 + 0.5 * factor)
        }
        let origin = source.affine.point(i: first[0], j: first[1], k: first[2])
        var rows = source.affine.rows
        for row in 0..<3 {
            for axis in 0..<3 { rows[4 * row + axis] *= scale[axis] }
            rows[4 * row + 3] = origin.components[row]
        }
        return VoxelGrid(size: GridSize(lengths), affine: VoxelAffine(rows: rows))
    }

    /// A later stage's grid: the box of an earlier grid at this stage's voxel size, starting at its corner and extended
    /// at the far ends.
    func grid(refining box: VoxelBox, of earlier: VoxelGrid) -> VoxelGrid {
        let needed = earlier.cropped(lower: box.lower, size: box.size).resized(spacing: [spacing, spacing, spacing])
        let lengths = (0..<3).map { window.length(needed.size[$0], axis: $0) }
        return VoxelGrid(size: GridSize(lengths), affine: needed.affine)
    }
}
