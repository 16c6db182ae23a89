extension Volume {
    /// The same voxels with the axes in another order; values do not change.
    package func rearranged(_ change: AxisRearrangement) -> Volume {
        guard change != .identity else { return self }
        let target = grid.rearranged(change)
        let strides = [1, grid.size.i, grid.size.i * grid.size.j]
        let steps = (0..<3).map { change.isFlipped[$0] ? -strides[change.sources[$0]] : strides[change.sources[$0]] }
        let first = (0..<3).reduce(0) { start, axis in
            change.isFlipped[axis] ? start + (target.size[axis] - 1) * strides[change.sources[axis]] : start
        }
        let (stepI, stepJ, stepK) = (steps[0], steps[1], steps[2])
        let (countI, countJ, countK) = (target.size.i, target.size.j, target.size.k)
        let moved = [Element](unsafeUninitializedCapacity: target.size.count) { output, filled in
            values.withUnsafeBufferPointer { input in
                var position = 0
                for k in 0..<countK {
                    for j in 0..<countJ {
                        var source = first + k * stepK + j * stepJ
                        for _ in 0..<countI {
                            output.initializeElement(at: position, to: input[source])
                            position += 1
                            source += stepI
                        }
                    }
                }
            }
            filled = target.size.count
        }
        return Volume(grid: target, values: moved)
    }

    /// The volume with its axes along `orientation`, as closely as possible without resampling.
    package func reoriented(to orientation: Orientation = .ras) -> Volume {
        rearranged(AxisRearrangement(from: grid.orientation, to: orientation))
    }

    /// The same values on a grid that equals this one except for rounding.
    package func placed(on grid: VoxelGrid) -> Volume {
        Volume(grid: grid, values: values)
    }
}
