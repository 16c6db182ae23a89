import Basics
import CITK
import Foundation

/// An affine map from a patient to the atlas, and how well the two brains (or heads) overlap after alignment.
package struct AtlasAlignment: Sendable {
    /// From patient space to MNI space, both RAS mm.
    let toAtlas: VoxelAffine
    /// Dice of the patient's brain (or head) and the atlas's.
    package let fit: Double
    private let structures: LabelMap
    /// Whether the skull-stripped template was used.
    let brain: Image

    /// Below this, neither lobes nor the midline are taken from the atlas. Real studies reach 0.93 and more (see
    /// docs/decisions/0201).
    package static let leastFit = 0.9
    /// The plausible range of a head's volume scaling; the map must also be right-handed.
    private static let volumeRatios = 0.4...2.5

    package var isGood: Bool {
        fit >= Self.leastFit && Self.volumeRatios.contains(toAtlas.determinant)
    }

    /// The structure at a point in the patient.
    package func structure(at point: PatientPoint) -> AtlasStructure? {
        let place = structures.grid.index(of: toAtlas.map(point))
        let (i, j, k) = (Int(place.i.rounded()), Int(place.j.rounded()), Int(place.k.rounded()))
        let size = structures.grid.size
        guard (0..<size.i).contains(i), (0..<size.j).contains(j), (0..<size.k).contains(k) else { return nil }
        return AtlasStructure(rawValue: structures[k, j, i])
    }

    /// The distance in mm from the atlas's midsagittal plane, mapped to the patient; positive to the patient's right.
    package func distanceFromMidline(_ point: PatientPoint) -> Double {
        let across = PatientPoint(x: toAtlas.rows[0], y: toAtlas.rows[1], z: toAtlas.rows[2])
        return toAtlas.map(point).x / across.dot(across).squareRoot()
    }
}

extension AtlasAlignment {
    /// mm: the voxel size for the comparison of both images.
    private static let spacing = 3.0
    /// mm of background around a brain that define its surface.
    private static let margin = 9.0

    /// Aligns the reference series by Mattes' mutual information (ITK), excluding the tumour.
    ///
    /// - Parameter tumour: voxels that no healthy atlas can match, on the reference's grid.
    /// - Returns: `nil` if the optimiser does not converge.
    /// - Throws: `ImagingError(.cancelled)`.
    package init?(
        _ image: Image, foreground: LabelMap, isSkullStripped: Bool, tumour: LabelMap, to atlas: Atlas,
        control: WorkControl = WorkControl()
    ) throws {
        let template = isSkullStripped ? atlas.brain : atlas.head
        // A skull-stripped series often has more background than brain.
        let near = isSkullStripped ? foreground.boundingBox.map(image.cropped(to:)) ?? image : image
        let fixed = try Self.coarse(near.reoriented(), isPadded: isSkullStripped)
        let own = try Resampler.nearest(foreground, to: fixed.grid).filled()
        let theirs = try Self.silhouette(template, isSkullStripped: isSkullStripped)
        let compared = try Self.compared(
            isSkullStripped ? own : nil, without: Resampler.nearest(tumour, to: fixed.grid), on: fixed.grid)
        let search = Search(fixed: fixed.clipped(within: own), compared: compared, template: template, control: control)
        guard let found = try search.best(from: own.centreOfMass, to: theirs.centreOfMass) else { return nil }
        toAtlas = found
        structures = atlas.structures
        brain = atlas.brain
        fit = try Self.fit(own, theirs, toAtlas)
    }

    private static func coarse(_ image: Image, isPadded: Bool) throws -> Image {
        var grid = image.grid.resized(spacing: [spacing, spacing, spacing])
        if isPadded {
            let margin = Int((margin / spacing).rounded(.up))
            grid = grid.cropped(
                lower: [-margin, -margin, -margin], size: GridSize(grid.size.lengths.map { $0 + 2 * margin }))
        }
        let sigma = (0..<3).map { axis in
            image.grid.spacing[axis] < spacing && image.grid.size[axis] >= 4 ? spacing / 2 : 0
        }
        return try Resampler.linear(Smoothing.recursive(image, sigma: sigma), to: grid)
    }

    private static func silhouette(_ template: Image, isSkullStripped: Bool) throws -> LabelMap {
        if isSkullStripped { return try template.mask { $0 > 0 }.filled() }
        var threshold = 0.0
        try ITKBorder.run("finding the atlas's head") { error in
            citk_otsu(template.values, Int64(template.values.count), 128, &threshold, error)
        }
        return try template.mask { Double($0) > threshold }.largestComponent().filled()
    }

    private static func compared(_ brain: LabelMap?, without tumour: LabelMap, on grid: VoxelGrid) throws -> [UInt8] {
        var marks = [UInt8](repeating: 1, count: grid.size.count)
        if let brain {
            var distance = [Float](repeating: 0, count: marks.count)
            try ITKBorder.run("finding the brain's surroundings") { error in
                citk_signed_distance(ITKBorder.size(grid.size), grid.spacing, brain.values, &distance, error)
            }
            for index in marks.indices where Double(distance[index]) > margin { marks[index] = 0 }
        }
        for index in marks.indices where tumour.values[index] != 0 { marks[index] = 0 }
        return marks
    }

    /// Limited to the atlas's field of view.
    private static func fit(_ own: LabelMap, _ theirs: LabelMap, _ toAtlas: VoxelAffine) throws -> Double {
        let inverse = toAtlas.inverse
        let affine = inverse.composed(with: theirs.grid.affine)
        let grid = VoxelGrid(size: theirs.grid.size, affine: affine)
        let moved = try Resampler.nearest(theirs.placed(on: grid), to: own.grid)
        let view = try Resampler.nearest(LabelMap(grid: grid, filledWith: 1), to: own.grid)
        var seen = own
        for index in seen.values.indices where view.values[index] == 0 { seen.values[index] = 0 }
        return Agreement.dice(seen, moved)
    }
}

/// Finds the map that maximises the mutual information of an image and a template.
private struct Search {
    let fixed: Image
    let compared: [UInt8]
    let template: Image
    let control: WorkControl

    /// Pitch angles in radians by which the patient's head may be rotated against MNI space; in SRI24 space it is 0.3.
    /// With a single start, about one image in ten ended in a local optimum.
    private static let nods = [0.0, 0.3, -0.3]
    private static let coarse = citk_level(
        sigma: 6, stride: 2, first_step: 4, last_step: 0.25, maximum_iterations: 200)
    private static let fine = citk_level(sigma: 3, stride: 1, first_step: 2, last_step: 0.02, maximum_iterations: 300)

    /// `nil` if the optimiser converges from no start.
    func best(from own: PatientPoint, to theirs: PatientPoint) throws -> VoxelAffine? {
        let found = try Self.nods.concurrentMap { nod in
            // Only one of the concurrent searches reports progress.
            let steering = nod == 0 ? control.share(0...0.7) : WorkControl(isCancelled: control.isCancelled)
            return try settle(Self.coarse, from: Self.start(from: own, to: theirs, nod: nod), steering)
        }
        guard let best = found.compactMap({ $0 }).min(by: { $0.metric < $1.metric }) else { return nil }
        return try settle(Self.fine, from: best.map, control.share(0.7...1))?.map
    }

    /// Aligns the centres and rotates about the axis through both ears.
    private static func start(from own: PatientPoint, to theirs: PatientPoint, nod: Double) -> VoxelAffine {
        let (c, s) = (cos(nod), sin(nod))
        let turn = VoxelAffine(rows: [1, 0, 0, 0, 0, c, s, 0, 0, -s, c, 0])
        let shift = theirs - turn.map(own)
        return VoxelAffine(rows: [1, 0, 0, shift.x, 0, c, s, shift.y, 0, -s, c, shift.z])
    }

    private func settle(
        _ level: citk_level, from start: VoxelAffine, _ control: WorkControl
    ) throws -> (metric: Double, map: VoxelAffine)? {
        var from = citk_grid(fixed.grid)
        var to = citk_grid(template.grid)
        var level = level
        var transform = start.rows
        var metric = 0.0
        var failure = citk_error()
        var steering = control
        let status = withUnsafeMutablePointer(to: &steering) { steering in
            citk_register_affine(
                &from, fixed.values, compared, &to, template.values, &level, 1, &transform, &metric,
                { context, share in
                    guard let control = context?.assumingMemoryBound(to: WorkControl.self).pointee else { return true }
                    control.report("Aligning the atlas", share)
                    return !control.isCancelled()
                }, steering, &failure)
        }
        switch status {
        case CITK_OK: return (metric, VoxelAffine(rows: transform))
        case CITK_CANCELLED: throw ImagingError(.cancelled, "The work was cancelled.")
        // Too little overlap and too few voxels also end here: the study is then reported as not aligned.
        default: return nil
        }
    }
}

extension Image {
    /// Clips values above the marked voxels' 99.5th percentile (and values below both 0 and the 0.5th percentile):
    /// otherwise a few very bright voxels would leave one histogram bin for the whole brain.
    fileprivate func clipped(within mask: LabelMap) -> Image {
        let inside = zip(values, mask.values).filter { $1 != 0 }.map(\.0).sorted()
        guard inside.count > 1 else { return self }
        let low = min(inside[inside.count / 200], 0)
        let high = inside[inside.count - 1 - inside.count / 200]
        return Image(grid: grid, values: values.map { min(max($0, low), high) })
    }
}

extension LabelMap {
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
