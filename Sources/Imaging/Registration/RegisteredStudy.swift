import Basics

/// A study whose series overlay the reference: what shares its voxels and overlays it is left as it is, all else is
/// registered to it rigidly.
///
/// A series is not resampled: a rigid map composed with the affine of a grid is an affine again, so the series gets a
/// corrected grid in the reference's space, and its own one only describes its files (docs/decisions/0252).
package struct RegisteredStudy: Sendable {
    /// With corrected grids.
    package let study: Study
    /// By sequence, the reference included.
    package let placements: [SeriesPlacement]

    /// - Parameters:
    ///   - study: as loaded.
    ///   - overlay: of the series that share the reference's voxels; `nil` if no series does.
    /// - Throws: `ImagingError` naming a series that shows no head, or that neither its header nor a registration
    ///   places on the reference.
    package init(_ study: Study, overlay: SeriesOverlayCheck?, control: WorkControl = WorkControl()) throws {
        try self.init(study, overlay: overlay, levels: SeriesRegistration.levels, control: control)
    }

    init(
        _ study: Study, overlay: SeriesOverlayCheck?, levels: [SeriesRegistration.Levels], control: WorkControl
    ) throws {
        let reference = study.reference
        let kept = try Self.kept(study, overlay)
        let others = study.sequences.filter { $0 != reference && kept[$0] == nil }
        guard !others.isEmpty else {
            self.study = study
            placements = study.sequences.compactMap { kept[$0] }
            return
        }
        control.report("Registering the series", 0)
        let prepared = Dictionary(
            uniqueKeysWithValues: try ([reference] + others).concurrentMap { sequence in
                (sequence, try study.prepared(sequence))
            })
        guard let target = prepared[reference] else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        let found = try others.concurrentMap { sequence in
            guard let series = prepared[sequence] else {
                throw ImagingError(.internalFault, "A series to register is missing.")
            }
            // Only one of the concurrent registrations reports progress.
            let steering = sequence == others[0] ? control : WorkControl(isCancelled: control.isCancelled)
            return try Self.place(series, on: target, levels, isKeptIfPoor: study.sharesVoxels(sequence), steering)
        }
        let all = kept.merging(found.map { ($0.sequence, $0) }) { $1 }
        placements = study.sequences.compactMap { all[$0] }
        self.study = try Study(
            images: Dictionary(
                uniqueKeysWithValues: study.images.map { sequence, image in
                    (sequence, image.placed(on: image.grid.moved(by: all[sequence]?.map ?? .identity)))
                }))
    }

    /// Whether a series got a corrected grid.
    var hasMoved: Bool { placements.contains { $0.map != .identity } }

    /// The series with their positions in the reference's space.
    func placing(_ series: [MRISequence: StudyOutput.Series]) -> [MRISequence: StudyOutput.Series] {
        series.reduce(into: series) { $0[$1.key]?.place = study.images[$1.key]?.grid ?? $1.value.grid }
    }

    /// Sentences for `Review` about series whose position was not found.
    ///
    /// - Parameter named: series about which the result already says that they do not overlay the others.
    package func warnings(besides named: [MRISequence]) -> [String] {
        placements.compactMap { placement in
            guard let problem = placement.problem, !named.contains(placement.sequence) else { return nil }
            return "\(placement.sequence.displayName) could not be registered to \(study.reference.displayName): "
                + "\(problem.reason). Its position must be checked."
        }
    }

    /// The placements that need no registration.
    private static func kept(
        _ study: Study, _ overlay: SeriesOverlayCheck?
    ) throws -> [MRISequence: SeriesPlacement] {
        var kept = [study.reference: SeriesPlacement(study.reference, .reference)]
        for sequence in study.sequences where study.sharesVoxels(sequence) {
            guard let pair = overlay?.pair(sequence, study.reference), pair.margin >= 1 else { continue }
            kept[sequence] = SeriesPlacement(sequence, .sharedGrid, overlay: pair)
        }
        return kept
    }

    /// - Parameter isKeptIfPoor: whether the headers' position is better than any registration that is not good.
    private static func place(
        _ series: RegistrationImage, on reference: RegistrationImage, _ levels: [SeriesRegistration.Levels],
        isKeptIfPoor: Bool, _ control: WorkControl
    ) throws -> SeriesPlacement {
        let (name, target) = (series.sequence, reference.sequence.displayName)
        let outcome = try SeriesRegistration(series, to: reference, levels: levels).outcome(control: control)
        func placement(_ method: SeriesPlacement.Method, _ map: VoxelAffine, _ overlay: SeriesPair?) -> SeriesPlacement
        {
            SeriesPlacement(
                name, method, map: map, found: outcome.found, attempts: outcome.attempts, overlay: overlay,
                problem: outcome.problem)
        }
        if let map = outcome.map, outcome.problem == nil { return placement(.registered, map, outcome.overlay) }
        guard reference.image.grid.overlaps(series.image.grid) else {
            throw ImagingError(
                .incompatibleSeries,
                "\(name.displayName) could not be registered to \(target): "
                    + "\(outcome.problem?.reason ?? "no position was found"), and by their headers they do not overlap. "
                    + "Upload a series of the same head, or leave \(name.displayName) out.")
        }
        let given = try reference.overlay(with: series, movedBy: .identity)
        guard let map = outcome.map, let overlay = outcome.overlay, !isKeptIfPoor, overlay.margin > given.margin else {
            return placement(.header, .identity, given)
        }
        return placement(.registered, map, overlay)
    }
}

extension Study {
    /// Whether the series' voxels and the reference's belong to one lattice, as those of a prepared study do; they may
    /// be cropped differently.
    func sharesVoxels(_ sequence: MRISequence) -> Bool {
        guard sequence != reference, let grid = images[sequence]?.grid, let target = images[reference]?.grid else {
            return false
        }
        return grid.isOnLattice(of: target)
    }

    /// - Throws: `ImagingError` naming the series.
    fileprivate func prepared(_ sequence: MRISequence) throws -> RegistrationImage {
        guard let image = images[sequence] else {
            throw ImagingError(.internalFault, "A series to register is missing.")
        }
        return try ImagingError.naming(sequence.displayName) { try RegistrationImage(image, sequence) }
    }
}
