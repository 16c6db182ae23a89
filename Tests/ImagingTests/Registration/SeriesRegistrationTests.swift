import Basics
import Foundation
import Testing

@testable import Imaging

/// Synthetic heads at known positions, and each way in which a registration can fail.
struct SeriesRegistrationTests {
    /// 3 mm isotropic, centred.
    private static let upright = Phantom.grid(GridSize(i: 60, j: 72, k: 58), axes: [3, 0, 0, 0, 3, 0, 0, 0, 3])
    /// Like a scanner's axial, sagittal and oblique series.
    private static let grids = [
        Phantom.grid(GridSize(i: 120, j: 140, k: 30), axes: [1.6, 0, 0, 0, 1.6, 0, 0, 0, 5.5]),
        Phantom.grid(GridSize(i: 120, j: 100, k: 36), axes: [0, 0, 5, 1.8, 0, 0, 0, 1.8, 0]),
        Phantom.grid(GridSize(i: 90, j: 110, k: 50), axes: [-2, 0, 0.4, 0, 1.95, -1, 0.3, 0.45, 3.3]),
        upright,
    ]

    /// The search's result for a series of the head after a motion.
    private static func outcome(
        _ series: Image, _ sequence: MRISequence, to head: MovedHead,
        levels: [SeriesRegistration.Levels] = SeriesRegistration.levels
    ) throws -> SeriesRegistration.Outcome {
        let reference = try RegistrationImage(head.scan(.t1ce, on: upright), .t1ce)
        return try SeriesRegistration(RegistrationImage(series, sequence), to: reference, levels: levels).outcome()
    }

    @Test(arguments: [false, true]) func knownMotionsAreFoundAgain(_ isStripped: Bool) throws {
        var random = SplitMix(isStripped ? 5 : 6)
        var errors: [Double] = []
        for run in 0..<4 {
            let head = MovedHead(patient: UInt64(run + 1), isStripped: isStripped)
            let motion = random.motion(degrees: 15, millimetres: 30)
            let grid = Self.grids[run % Self.grids.count].moved(by: .identity.moved(by: motion.map(.origin)))
            let sequence = [MRISequence.t1, .t2, .flair][run % 3]
            let outcome = try Self.outcome(head.scan(sequence, on: grid, motion: motion), sequence, to: head)
            #expect(outcome.problem == nil, "\(run): \(String(describing: outcome.problem))")
            let map = try #require(outcome.map)
            errors.append(map.cornerError(from: motion.inverse, over: grid))
        }
        print("registration: phantoms \(isStripped ? "stripped" : "heads"), corner errors in mm: \(errors.sorted())")
        #expect(errors.quantile(0.5) <= 1)
        #expect(errors.quantile(0.95) <= 2)
    }

    /// An optimiser stopped at its cap may be anywhere: its position is not used.
    @Test func theCapOfIterationsIsAFailure() throws {
        let head = MovedHead(isStripped: true)
        var levels = SeriesRegistration.levels[0]
        levels.search.fine.maximum_iterations = 3
        let series = head.scan(.flair, on: Self.upright, motion: .identity.moved(by: PatientPoint(x: 9, y: 0, z: 0)))
        let outcome = try Self.outcome(series, .flair, to: head, levels: [levels])
        #expect(outcome.problem == .notConverged && outcome.map == nil && outcome.attempts == 1)
    }

    @Test func anotherHeadIsAPoorMatch() throws {
        let head = MovedHead(isStripped: true)
        let other = MovedHead(patient: 99, isStripped: true)
        let outcome = try Self.outcome(other.scan(.flair, on: Self.upright), .flair, to: head)
        #expect(outcome.problem == .poorMatch && outcome.attempts == 2)
    }

    private static func study(_ flair: Image, _ head: MovedHead = MovedHead(isStripped: true)) throws -> Study {
        try Study(images: [.t1ce: head.scan(.t1ce, on: upright), .flair: flair])
    }

    /// A position that is not trusted is a reason for review, and voxels that the reference shares keep theirs.
    @Test func aSeriesThatCannotBeRegisteredIsNamed() throws {
        let other = MovedHead(patient: 99, isStripped: true).scan(.flair, on: Self.upright)
        let registered = try RegisteredStudy(Self.study(other), overlay: nil)
        let flair = try #require(registered.placements.first { $0.sequence == .flair })
        #expect(flair.method == .header && flair.problem == .poorMatch && flair.map == .identity)
        let warnings = registered.warnings(besides: [])
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("FLAIR could not be registered to T1CE: ") == true)
        #expect(registered.warnings(besides: [.flair]).isEmpty)
    }

    /// Neither its header nor its image places it.
    @Test func aSeriesElsewhereThatCannotBeRegisteredIsRefused() throws {
        let other = MovedHead(patient: 99, isStripped: true).scan(.flair, on: Self.upright)
        let away = other.placed(on: other.grid.moved(by: .identity.moved(by: PatientPoint(x: 400, y: 0, z: 0))))
        let error = #expect(throws: ImagingError.self) { try RegisteredStudy(Self.study(away), overlay: nil) }
        #expect(error?.code == .incompatibleSeries)
        #expect(error?.message.hasPrefix("FLAIR could not be registered to T1CE: ") == true)
    }

    /// A lost position in a header is found by the image.
    @Test func aSeriesElsewhereIsFoundByItsImage() throws {
        let head = MovedHead(isStripped: true)
        let scan = head.scan(.flair, on: Self.upright)
        let shift = VoxelAffine.identity.moved(by: PatientPoint(x: 400, y: -80, z: 3))
        let registered = try RegisteredStudy(
            Self.study(scan.placed(on: scan.grid.moved(by: shift)), head), overlay: nil)
        let flair = try #require(registered.placements.first { $0.sequence == .flair })
        #expect(flair.method == .registered && flair.problem == nil && flair.start == "centres")
        #expect(flair.map.cornerError(from: shift.inverse, over: Self.upright) < 1)
        #expect(registered.study.images[.flair]?.values == scan.values, "nothing is resampled")
    }

    @Test func anEmptyImageIsNamed() throws {
        let error = #expect(throws: ImagingError.self) {
            try RegisteredStudy(Self.study(Image(grid: Self.upright, filledWith: 0)), overlay: nil)
        }
        #expect(error?.message.hasPrefix("FLAIR: ") == true, "\(error?.message ?? "")")
    }

    @Test func aCancelledRegistrationStops() throws {
        let head = MovedHead(isStripped: true)
        let study = try Self.study(head.scan(.flair, on: Self.upright), head)
        let error = #expect(throws: ImagingError.self) {
            try RegisteredStudy(study, overlay: nil, control: WorkControl(isCancelled: { true }))
        }
        #expect(error?.code == .cancelled)
    }

    /// Other crops and orders of axes of one lattice share voxels; half a voxel or a turn do not.
    @Test func voxelsAreSharedOnOneLattice() {
        let grid = Self.upright
        let flipped = grid.rearranged(AxisRearrangement(sources: [1, 0, 2], isFlipped: [true, false, false]))
        #expect(flipped.isOnLattice(of: grid))
        #expect(grid.cropped(lower: [-5, 3, 8], size: GridSize(i: 40, j: 41, k: 42)).isOnLattice(of: grid))
        #expect(!grid.moved(by: .identity.moved(by: PatientPoint(x: 1.5, y: 0, z: 0))).isOnLattice(of: grid))
        #expect(!grid.moved(by: .rotation(0.01, about: 2)).isOnLattice(of: grid))
        #expect(!grid.resized(spacing: [1.5, 3, 3]).isOnLattice(of: grid))
    }
}
