import Basics
import CITK

/// Finds the map between two images that maximises their mutual information (Mattes' estimate, ITK), from several
/// starts.
///
/// Without random numbers and on one thread per search: equal images give equal bits.
struct ImageRegistration: Sendable {
    /// Where a search begins.
    struct Start: Sendable {
        let name: String
        /// From the fixed image's patient space to the moving one's, RAS mm.
        let map: VoxelAffine
    }

    struct Found: Sendable {
        /// From the fixed image's patient space to the moving one's, RAS mm.
        let map: VoxelAffine
        /// Nats at the finest level; larger is better, but only among registrations of the same two images.
        let mutualInformation: Double
        /// Of the optimiser, over all levels.
        let iterations: Int
        let start: String

        /// This, found from where `earlier` ended.
        func after(_ earlier: Found) -> Found {
            Found(
                map: map, mutualInformation: mutualInformation, iterations: earlier.iterations + iterations,
                start: earlier.start)
        }
    }

    /// Why a search has no result.
    enum Failure: Error, Equatable, Sendable {
        /// The optimiser did not converge: it stopped at its cap of iterations.
        case iterationCap
        /// The images hardly overlap, or too few voxels can be compared.
        case noOverlap
    }

    /// How a search proceeds: from every start at the coarse level, then from the best one's end at the fine level.
    struct Levels: Sendable {
        var coarse: citk_level
        var fine: citk_level
    }

    /// The map that is looked for: `CITK_RIGID` or `CITK_AFFINE`.
    let kind: citk_transform_kind
    let fixed: Image
    /// Non-zero for the voxels of `fixed` to compare.
    let compared: [UInt8]
    let moving: Image
    let levels: Levels
    /// What progress calls this work.
    let step: String

    /// - Throws: `ImagingError(.cancelled)`.
    func best(from starts: [Start], control: WorkControl) throws -> Result<Found, Failure> {
        let ends = try starts.indices.map { $0 }.concurrentMap { number in
            // Only one of the concurrent searches reports progress.
            let steering = number == 0 ? control.share(0...0.7) : WorkControl(isCancelled: control.isCancelled)
            return try settle(levels.coarse, from: starts[number], steering)
        }
        guard let best = ends.compactMap({ try? $0.get() }).max(by: { $1.mutualInformation > $0.mutualInformation })
        else { return ends.first ?? .failure(.noOverlap) }
        let end = try settle(levels.fine, from: Start(name: best.start, map: best.map), control.share(0.7...1))
        return end.map { $0.after(best) }
    }

    /// One search at one level.
    ///
    /// - Throws: `ImagingError(.cancelled)`.
    func settle(
        _ level: citk_level, from start: Start, _ control: WorkControl
    ) throws -> Result<Found, Failure> {
        var from = citk_grid(fixed.grid)
        var to = citk_grid(moving.grid)
        var level = level
        var transform = start.map.rows
        var optimum = citk_optimum()
        var failure = citk_error()
        var steering = Steering(control: control, step: step)
        let status = withUnsafeMutablePointer(to: &steering) { steering in
            citk_register(
                kind, &from, fixed.values, compared, &to, moving.values, &level, 1, &transform, &optimum,
                { context, share in
                    guard let steering = context?.assumingMemoryBound(to: Steering.self).pointee else { return true }
                    steering.control.report(steering.step, share)
                    return !steering.control.isCancelled()
                }, steering, &failure)
        }
        switch status {
        case CITK_OK:
            return .success(
                Found(
                    map: VoxelAffine(rows: transform), mutualInformation: -optimum.metric,
                    iterations: Int(optimum.iterations), start: start.name))
        case CITK_CANCELLED: throw ImagingError(.cancelled, "The work was cancelled.")
        case CITK_NOT_CONVERGED: return .failure(.iterationCap)
        // ITK reports too little overlap and too few voxels as errors.
        default: return .failure(.noOverlap)
        }
    }

    /// What the C callback needs.
    private struct Steering {
        let control: WorkControl
        let step: String
    }
}

extension Volume where Element == Float {
    /// The image with voxels of at least `spacing` mm, smoothed first where that makes them coarser, and with
    /// `margin` mm more on each side.
    func coarsened(to spacing: [Double], margin: Double = 0) throws -> Image {
        var coarse = grid.resized(spacing: spacing)
        if margin > 0 {
            let voxels = (0..<3).map { Int((margin / spacing[$0]).rounded(.up)) }
            coarse = coarse.cropped(
                lower: voxels.map { -$0 }, size: GridSize((0..<3).map { coarse.size[$0] + 2 * voxels[$0] }))
        }
        let sigma = (0..<3).map { axis in
            grid.spacing[axis] < spacing[axis] && grid.size[axis] >= 4 ? spacing[axis] / 2 : 0
        }
        return try Resampler.linear(Smoothing.recursive(self, sigma: sigma), to: coarse)
    }

    /// Clips values above the marked voxels' 99.5th percentile (and values below both 0 and the 0.5th percentile):
    /// otherwise a few very bright voxels would leave one histogram bin for the whole brain.
    func clipped(within mask: LabelMap) -> Image {
        let inside = zip(values, mask.values).filter { $1 != 0 }.map(\.0).sorted()
        guard inside.count > 1 else { return self }
        let low = min(inside[inside.count / 200], 0)
        let high = inside[inside.count - 1 - inside.count / 200]
        return Image(grid: grid, values: values.map { min(max($0, low), high) })
    }
}

extension Volume where Element == UInt8 {
    /// 1 up to `margin` mm outside the mask, else 0.
    func surroundings(within margin: Double) throws -> [UInt8] {
        var distance = [Float](repeating: 0, count: values.count)
        try ITKBorder.run("finding the brain's surroundings") { error in
            citk_signed_distance(ITKBorder.size(grid.size), grid.spacing, values, &distance, error)
        }
        return distance.map { Double($0) > margin ? 0 : 1 }
    }

    /// Fills the holes that are not connected to the edge of the image.
    func filled() throws -> LabelMap {
        var filled = self
        try ITKBorder.run("filling the holes of a mask") { error in
            citk_fill_holes(ITKBorder.size(grid.size), values, &filled.values, error)
        }
        return filled
    }

    /// Of the non-zero voxels; the grid's centre if there are none.
    var centreOfMass: PatientPoint {
        var (i, j, k, count) = (0, 0, 0, 0)
        var index = 0
        for slice in 0..<grid.size.k {
            for row in 0..<grid.size.j {
                for column in 0..<grid.size.i {
                    if values[index] != 0 {
                        i += column
                        j += row
                        k += slice
                        count += 1
                    }
                    index += 1
                }
            }
        }
        guard count > 0 else { return grid.centre }
        let n = Double(count)
        return grid.affine.point(i: Double(i) / n, j: Double(j) / n, k: Double(k) / n)
    }
}
