import CITK

/// Resamples volumes onto other grids through patient space (ITK, in index space, so that sheared and left-handed grids
/// are exact).
package enum Resampler {
    /// Trilinear; voxels beyond the image's edge (half a voxel around its outer centres) become `outside`. Grids with
    /// the same voxels are only reordered, so that values do not change.
    package static func linear(_ image: Image, to grid: VoxelGrid, outside: Float = 0) throws -> Image {
        if let moved = rearranged(image, to: grid) { return moved }
        return try run(image, to: grid, filledWith: outside) {
            citk_resample_linear($0, $1, $2, $3, outside, $4)
        }
    }

    /// The nearest voxel's intensity.
    package static func nearest(_ image: Image, to grid: VoxelGrid, outside: Float = 0) throws -> Image {
        if let moved = rearranged(image, to: grid) { return moved }
        return try run(image, to: grid, filledWith: outside) {
            citk_resample_nearest_float($0, $1, $2, $3, outside, $4)
        }
    }

    /// The nearest voxel's label, 0 outside.
    package static func nearest(_ labels: LabelMap, to grid: VoxelGrid) throws -> LabelMap {
        if let moved = rearranged(labels, to: grid) { return moved }
        return try run(labels, to: grid, filledWith: 0) {
            citk_resample_nearest($0, $1, $2, $3, 0, $4)
        }
    }

    /// The mask of the voxels whose interpolated probability reaches `threshold`.
    package static func mask(_ probability: Image, threshold: Float, on grid: VoxelGrid) throws -> LabelMap {
        try linear(probability, to: grid).mask { $0 >= threshold }
    }

    private static func rearranged<Element>(_ volume: Volume<Element>, to grid: VoxelGrid) -> Volume<Element>? {
        // Closer than interpolation could resolve; `GridRelation`'s own tolerance is for series of one study.
        guard case .sameVoxels(let change) = GridRelation(volume.grid, to: grid, tolerance: 1e-3) else { return nil }
        return volume.rearranged(change).placed(on: grid)
    }

    private typealias Call<Element> = (
        UnsafePointer<citk_grid>, UnsafePointer<Element>, UnsafePointer<citk_grid>, UnsafeMutablePointer<Element>,
        UnsafeMutablePointer<citk_error>
    ) -> citk_status

    private static func run<Element>(
        _ volume: Volume<Element>, to grid: VoxelGrid, filledWith outside: Element, _ call: Call<Element>
    ) throws -> Volume<Element> {
        var from = citk_grid(volume.grid)
        var to = citk_grid(grid)
        var output = [Element](repeating: outside, count: grid.size.count)
        try ITKBorder.run("resampling") { error in
            volume.values.withUnsafeBufferPointer { input in
                output.withUnsafeMutableBufferPointer { result in
                    guard let input = input.baseAddress, let result = result.baseAddress else { return CITK_OK }
                    return call(&from, input, &to, result, error)
                }
            }
        }
        return Volume(grid: grid, values: output)
    }
}

extension Volume {
    /// 1 if `isInside` holds, else 0.
    package func mask(_ isInside: (Element) -> Bool) -> LabelMap {
        let marks = [UInt8](unsafeUninitializedCapacity: values.count) { output, filled in
            values.withUnsafeBufferPointer { input in
                for index in 0..<input.count { output.initializeElement(at: index, to: isInside(input[index]) ? 1 : 0) }
            }
            filled = values.count
        }
        return LabelMap(grid: grid, values: marks)
    }
}
