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

    /// Pitch angles in radians by which the patient's head may be rotated against MNI space; in SRI24 space it is 0.3.
    /// With a single start, about one image in ten ended in a local optimum.
    private static let nods = [0.0, 0.3, -0.3]
    private static let levels = ImageRegistration.Levels(
        coarse: citk_level(
            sigma: 6, stride: 2, first_step: 4, last_step: 0.25, relaxation: 0.7, maximum_iterations: 200),
        fine: citk_level(sigma: 3, stride: 1, first_step: 2, last_step: 0.02, relaxation: 0.7, maximum_iterations: 300))

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
        let fixed = try near.reoriented().coarsened(
            to: [Self.spacing, Self.spacing, Self.spacing], margin: isSkullStripped ? Self.margin : 0)
        let own = try Resampler.nearest(foreground, to: fixed.grid).filled()
        let theirs = try Self.silhouette(template, isSkullStripped: isSkullStripped)
        let compared = try Self.compared(
            isSkullStripped ? own : nil, without: Resampler.nearest(tumour, to: fixed.grid), on: fixed.grid)
        let registration = ImageRegistration(
            kind: CITK_AFFINE, fixed: fixed.clipped(within: own), compared: compared, moving: template,
            levels: Self.levels, step: "Aligning the atlas")
        let starts = Self.starts(from: own.centreOfMass, to: theirs.centreOfMass)
        guard case .success(let found) = try registration.best(from: starts, control: control) else { return nil }
        toAtlas = found.map
        structures = atlas.structures
        brain = atlas.brain
        fit = try Self.fit(own, theirs, toAtlas)
    }

    /// Aligns the centres and rotates about the axis through both ears.
    private static func starts(from own: PatientPoint, to theirs: PatientPoint) -> [ImageRegistration.Start] {
        nods.map { nod in
            let turn = VoxelAffine.rotation(nod, about: 0)
            return ImageRegistration.Start(name: "centres", map: turn.moved(by: theirs - turn.map(own)))
        }
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
        var marks = try brain?.surroundings(within: margin) ?? [UInt8](repeating: 1, count: grid.size.count)
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
