import Basics
import CITK

/// Registers one series of a head to another rigidly, and judges the result: an optimiser that converged may still be
/// centimetres off (docs/decisions/0252).
struct SeriesRegistration: Sendable {
    let reference: RegistrationImage
    let series: RegistrationImage
    let levels: [Levels]
    let step: String

    /// The levels of one attempt: two on the coarse images, then one on the fine ones.
    struct Levels: Sendable {
        var search: ImageRegistration.Levels
        /// Without smoothing: that of the coarse images alone displaces the optimum of two contrasts by 1 to 3 mm at the
        /// corners (docs/decisions/0252). A lattice of 4 mm is enough.
        var last = citk_level(
            sigma: 0, stride: 2, first_step: 0.5, last_step: 0.01, relaxation: 0.8, maximum_iterations: 300)
    }

    /// By attempt: the second compares every voxel of the interior, and has more starts.
    static let levels = [
        Levels(search: ImageRegistration.Levels(coarse: coarse(stride: 2), fine: fine)),
        Levels(search: ImageRegistration.Levels(coarse: coarse(stride: 1), fine: fine)),
    ]
    private static let fine = citk_level(
        sigma: 2, stride: 1, first_step: 1, last_step: 0.1, relaxation: 0.7, maximum_iterations: 300)

    private static func coarse(stride: Int32) -> citk_level {
        citk_level(sigma: 6, stride: stride, first_step: 4, last_step: 0.25, relaxation: 0.7, maximum_iterations: 200)
    }

    /// Radians: patients turn their heads by less between series.
    private static let greatestTurn = 0.8
    /// mm between the centres of mass after registration: the series may cover different parts of head and neck.
    private static let greatestDistance = 70.0
    /// Radians: the starts of the second attempt are turned by this about each patient axis.
    private static let turns = [0.25, -0.25]

    init(
        _ series: RegistrationImage, to reference: RegistrationImage,
        levels: [Levels] = Self.levels, step: String = "Registering the series"
    ) {
        self.reference = reference
        self.series = series
        self.levels = levels
        self.step = step
    }

    /// The outcome of all attempts.
    struct Outcome: Sendable {
        /// The best map that converged and is plausible, from the series' patient space to the reference's.
        let map: VoxelAffine?
        let found: ImageRegistration.Found?
        let attempts: Int
        /// The overlay at that map.
        let overlay: SeriesPair?
        /// `nil` if the series overlays the reference.
        let problem: RegistrationProblem?
    }

    /// - Throws: `ImagingError(.cancelled)`.
    func outcome(control: WorkControl = WorkControl()) throws -> Outcome {
        var best: (candidate: Candidate, overlay: SeriesPair)?
        var problem = RegistrationProblem.noOverlap
        for (number, levels) in levels.enumerated() {
            let part = control.share(
                Double(number) / Double(self.levels.count)...Double(number + 1) / Double(self.levels.count))
            switch try attempt(number, levels, part) {
            case .failure(let failure): if best == nil { problem = failure }
            case .success(let candidate):
                let overlay = try reference.overlay(with: series, movedBy: candidate.map)
                if best.map({ $0.overlay.margin < overlay.margin }) ?? true { best = (candidate, overlay) }
                guard overlay.margin < 1 else {
                    return Outcome(
                        map: candidate.map, found: candidate.found, attempts: number + 1, overlay: overlay,
                        problem: nil)
                }
            }
        }
        return Outcome(
            map: best?.candidate.map, found: best?.candidate.found, attempts: levels.count, overlay: best?.overlay,
            problem: best == nil ? problem : .poorMatch)
    }

    private struct Candidate {
        let found: ImageRegistration.Found
        /// From the series' patient space to the reference's.
        let map: VoxelAffine
    }

    private func attempt(
        _ number: Int, _ levels: Levels, _ control: WorkControl
    ) throws -> Result<Candidate, RegistrationProblem> {
        switch try search(from: starts(number), levels, isDeep: number > 0, control) {
        case .failure(.iterationCap): return .failure(.notConverged)
        case .failure(.noOverlap): return .failure(.noOverlap)
        case .success(let found):
            let distance = found.map.map(reference.centre).distance(to: series.centre)
            guard found.map.rotationAngle <= Self.greatestTurn, distance <= Self.greatestDistance else {
                return .failure(.implausible)
            }
            return .success(Candidate(found: found, map: found.map.inverse))
        }
    }

    /// - Parameter isDeep: whether the whole search compares the interior only, not just its last level.
    private func search(
        from starts: [ImageRegistration.Start], _ levels: Levels, isDeep: Bool, _ control: WorkControl
    ) throws -> Result<ImageRegistration.Found, ImageRegistration.Failure> {
        func registration(
            _ fixed: RegistrationImage.Scale, _ moving: RegistrationImage.Scale, _ compared: [UInt8]
        ) -> ImageRegistration {
            ImageRegistration(
                kind: CITK_RIGID, fixed: fixed.image, compared: compared, moving: moving.image, levels: levels.search,
                step: step)
        }
        let coarse = reference.coarse
        let whole = registration(coarse, series.coarse, isDeep ? coarse.interior : coarse.compared)
        let first = try whole.best(from: starts, control: control.share(0...0.6))
        guard case .success(let near) = first else { return first }
        let fine = registration(reference.fine, series.fine, reference.fine.interior)
        let start = ImageRegistration.Start(name: near.start, map: near.map)
        return try fine.settle(levels.last, from: start, control.share(0.6...1)).map { $0.after(near) }
    }

    /// The headers' position, unless they place the series elsewhere, and the centres of mass on each other; then the
    /// same turned about each axis.
    private func starts(_ attempt: Int) -> [ImageRegistration.Start] {
        let centred = VoxelAffine.identity.moved(by: series.centre - reference.centre)
        var starts: [ImageRegistration.Start] = []
        if reference.image.grid.overlaps(series.image.grid) {
            starts.append(ImageRegistration.Start(name: "header", map: .identity))
        }
        starts.append(ImageRegistration.Start(name: "centres", map: centred))
        guard attempt > 0 else { return starts }
        for axis in 0..<3 {
            for angle in Self.turns {
                let turn = VoxelAffine.rotation(angle, about: axis)
                starts.append(
                    ImageRegistration.Start(
                        name: "centres, turned about \(["x", "y", "z"][axis])",
                        map: turn.moved(by: series.centre - turn.map(reference.centre))))
            }
        }
        return starts
    }
}

/// A series as registration compares it.
struct RegistrationImage: Sendable {
    let sequence: MRISequence
    /// 0 around a stripped brain, without bright corners around a head.
    let image: Image
    /// Where details are compared: the brain, or the interior of a head.
    private let inside: LabelMap
    /// The head and its surroundings with voxels of a chosen size.
    struct Scale: Sendable {
        let image: Image
        /// On its grid: the voxels to compare, those around the surface included.
        let compared: [UInt8]
        /// The same for a stripped brain; what is deep in a head, without scalp and skull, which look alike from every
        /// side.
        let interior: [UInt8]
        fileprivate let centre: PatientPoint
    }

    let coarse: Scale
    let fine: Scale
    var centre: PatientPoint { coarse.centre }

    /// mm: the voxel sizes for the comparison, unless the image's own are larger.
    private static let spacings = (coarse: 3.0, fine: 2.0)
    /// mm of background around a brain or a head that define its surface.
    private static let margin = 9.0
    /// mm from a head's surface to its brain.
    private static let scalpAndSkull = 15.0

    /// - Throws: `ImagingError(.unsupportedImage)` if the image shows no head.
    init(_ image: Image, _ sequence: MRISequence) throws {
        let separated = try SeparatedStudy(Study(images: [sequence: image]))
        self.sequence = sequence
        self.image = try separated.study.referenceImage
        let foreground = separated.foreground.mask
        let isStripped = separated.foreground.brainMask == .given
        let near = foreground.boundingBox.map(self.image.cropped(to:)) ?? self.image
        let upright = near.reoriented()
        coarse = try Self.scale(upright, foreground, isStripped, Self.spacings.coarse)
        fine = try Self.scale(upright, foreground, isStripped, Self.spacings.fine)
        inside = isStripped ? foreground : LabelMap(grid: coarse.image.grid, values: coarse.interior)
    }

    private static func scale(
        _ image: Image, _ foreground: LabelMap, _ isStripped: Bool, _ spacing: Double
    ) throws -> Scale {
        let scaled = try image.coarsened(to: image.grid.spacing.map { max($0, spacing) }, margin: margin)
        let own = try Resampler.nearest(foreground, to: scaled.grid).filled()
        let compared = try own.surroundings(within: margin)
        return Scale(
            image: scaled.clipped(within: own), compared: compared,
            interior: isStripped ? compared : try own.surroundings(within: -scalpAndSkull), centre: own.centreOfMass)
    }

    /// How well a series overlays this one.
    ///
    /// - Parameter map: from the series' patient space to this one's.
    func overlay(with series: RegistrationImage, movedBy map: VoxelAffine) throws -> SeriesPair {
        let moved = series.image.placed(on: series.image.grid.moved(by: map))
        let lattice = try SeriesLattice(
            Study(images: [sequence: image, series.sequence: moved]), reference: sequence)
        let pairs = try lattice.overlay(within: inside).pairs
        guard let pair = pairs.first else {
            throw ImagingError(.internalFault, "Two series are needed for a comparison.")
        }
        return pair
    }
}

extension VoxelGrid {
    /// The same voxels after a rigid motion of patient space.
    func moved(by map: VoxelAffine) -> VoxelGrid {
        map == .identity ? self : VoxelGrid(size: size, affine: map.composed(with: affine))
    }
}
