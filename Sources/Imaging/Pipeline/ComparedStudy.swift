import Basics

/// A study with its foreground, whose series have been compared with each other.
struct ComparedStudy: Sendable {
    let separated: SeparatedStudy
    let lattice: SeriesLattice
    /// Within the study's own foreground.
    private let overlay: SeriesOverlayCheck

    /// - Throws: `ImagingError(.incompatibleSeries)` if a series is a copy of another, `.unsupportedImage` if no head is
    ///   found.
    init(_ study: Study) throws {
        separated = try SeparatedStudy(study)
        lattice = try SeriesLattice(separated.study)
        try lattice.checkCopies()
        overlay = try lattice.overlay(within: separated.foreground.mask)
    }

    /// How the series overlay each other within a foreground: the study's own, or the brain that a network found.
    func overlay(within foreground: LabelMap) throws -> SeriesOverlayCheck {
        let own = separated.foreground.mask
        let isOwn = foreground.grid == own.grid && foreground.values == own.values
        return isOwn ? overlay : try lattice.overlay(within: foreground)
    }
}

/// A study in the reference's space, and how it came there.
struct AlignedStudy: Sendable {
    let compared: ComparedStudy
    let registered: RegisteredStudy

    /// Compares what shares the reference's voxels, registers all else, and compares everything again if anything
    /// moved; each is a timed stage.
    init(_ study: Study, control: WorkControl, clock: inout StageClock) throws {
        let alike = study.sequences.filter { $0 == study.reference || study.sharesVoxels($0) }
        let isWhole = alike.count == study.images.count
        var given: ComparedStudy?
        if isWhole || alike.count > 1 {
            given = try ComparedStudy(Study(images: study.images.filter { alike.contains($0.key) }))
            clock.lap("separate")
        }
        try control.checkCancellation()
        registered = try RegisteredStudy(
            study, overlay: try given.map { try $0.overlay(within: $0.separated.foreground.mask) }, control: control)
        clock.lap("register")
        if isWhole, !registered.hasMoved, let given {
            compared = given
        } else {
            compared = try ComparedStudy(registered.study)
            clock.lap(given == nil ? "separate" : "separate-registered")
        }
    }
}
