import Imaging

/// A study on the network's grid. The steps are those of `training/preprocess.py`: change both or neither.
struct NetworkInput: Sendable {
    /// RAS, isotropic, around the foreground.
    let grid: VoxelGrid
    /// [1, 4, k, j, i]: z-scores within the foreground; 0 outside it and for absent sequences.
    let images: Tensor
    /// [1, 4]: 1 for sequences that are present.
    let availability: Tensor
    let foreground: Foreground

    init(_ study: Study, _ package: ModelPackage, control: WorkControl) throws {
        let oriented = try Study(images: study.images.mapValues { $0.reoriented() })
        let found = try Foreground(of: oriented)
        guard let box = found.mask.boundingBox else {
            throw ImagingError(.unsupportedImage, "No head was found in the images.")
        }
        grid = Self.grid(around: box, on: found.mask.grid, package)
        let inside = try Resampler.nearest(found.mask, to: grid)
        let grid = grid
        let channels = try package.sequences.concurrentMap { sequence in
            try control.checkCancellation()
            return try oriented.images[sequence].map { try Self.channel($0, on: grid, within: inside, package) }
                ?? [Float](repeating: 0, count: grid.size.count)
        }
        let images = Array(channels.joined())
        let lengths = [grid.size.k, grid.size.j, grid.size.i]
        self.images = Tensor(shape: [1, package.sequences.count] + lengths, values: images)
        availability = Tensor(
            shape: [1, package.sequences.count], values: package.sequences.map { study.images[$0] == nil ? 0 : 1 })
        foreground = found
    }

    /// [1, 4, k, j, i] of one window.
    func window(_ windows: Windows, at origin: GridSize) -> Tensor {
        let channels = images.shape[1]
        let lengths = [windows.size.k, windows.size.j, windows.size.i]
        return Tensor(
            shape: [1, channels] + lengths, values: windows.cut(images.values, channels: channels, at: origin))
    }

    private static func channel(
        _ image: Image, on grid: VoxelGrid, within inside: LabelMap, _ package: ModelPackage
    ) throws -> [Float] {
        // What is further away than the filter reaches cannot change a value.
        let near = image.grid.box(covering: grid, margin: filterReach).map(image.cropped(to:)) ?? image
        let smooth = try Smoothing.recursive(near, sigma: sigma(near.grid, package))
        return zScores(
            try Resampler.linear(smooth, to: grid).values, within: inside.values, floor: package.standardDeviationFloor)
    }

    /// Voxels; the recursive Gaussian's sigma is below one of them at 1 mm.
    private static let filterReach = 12.0

    /// The grid's corner lies on the box's; its lengths are rounded up and the added voxels split, the smaller half before.
    static func grid(around box: VoxelBox, on source: VoxelGrid, _ package: ModelPackage) -> VoxelGrid {
        var lengths: [Int] = []
        var first: [Double] = []
        var scale: [Double] = []
        for axis in 0..<3 {
            let factor: Double = package.spacing / source.spacing[axis]
            let exact: Double = Double(box.size[axis]) / factor
            let needed = Int((exact - 1e-6).rounded(.up))
            let length = package.window.length(needed, axis: axis)
            let before = Double((length - needed) / 2)
            lengths.append(length)
            scale.append(factor)
            first.append(Double(box.lower[axis]) - 0.5 + (0.5 - before) * factor)
        }
        let origin = source.affine.point(i: first[0], j: first[1], k: first[2])
        var rows = source.affine.rows
        for row in 0..<3 {
            for axis in 0..<3 { rows[4 * row + axis] *= scale[axis] }
            rows[4 * row + 3] = origin.components[row]
        }
        return VoxelGrid(size: GridSize(lengths), affine: VoxelAffine(rows: rows))
    }

    private static func sigma(_ grid: VoxelGrid, _ package: ModelPackage) -> [Double] {
        (0..<3).map { axis in
            let spacing = grid.spacing[axis]
            // The recursive filter needs four voxels.
            guard spacing < package.spacing - 1e-3, grid.size[axis] >= 4 else { return 0 }
            let difference: Double = package.spacing * package.spacing - spacing * spacing
            return package.antialiasSigmaFactor * difference.squareRoot()
        }
    }

    static func zScores(_ values: [Float], within inside: [UInt8], floor: Double) -> [Float] {
        var count = 0.0
        var sum = 0.0
        for (index, mark) in inside.enumerated() where mark != 0 {
            count += 1
            sum += Double(values[index])
        }
        guard count > 0 else { return [Float](repeating: 0, count: values.count) }
        let mean = sum / count
        var squares = 0.0
        for (index, mark) in inside.enumerated() where mark != 0 {
            let difference = Double(values[index]) - mean
            squares += difference * difference
        }
        let deviation = max((squares / count).squareRoot(), floor)
        return values.indices.map { index in
            inside[index] == 0 ? 0 : Float((Double(values[index]) - mean) / deviation)
        }
    }
}
