import Foundation
import Testing

@testable import Imaging

/// Registration of real patients' series that are turned, shifted, cut into thick slices and noised; rates:
/// docs/decisions/0252.
struct RealRegistrationTests {
    /// How many series to move; the figures of the decision are from 72.
    private static let runs = ProcessInfo.processInfo.environment["NEUROAI_REGISTRATIONS"].flatMap { Int($0) } ?? 6

    private static let sequences: [MRISequence] = [.t1, .t2, .flair]
    static let patients = [
        "Brats18_TCIA02_370_1", "BraTS2021_01659", "Brats18_2013_11_1", "BraTS19_CBICA_BHQ_1", "BraTS2021_01478",
        "Brats18_CBICA_AQN_1", "Brats18_TCIA10_628_1", "BraTS2021_00014",
    ]

    @Test(.enabled(if: SharedCases.folder != nil, "no real cases: put them beside the checkout as ../shared/cases"))
    func movedSeriesAreFoundAgain() throws {
        var (errors, added): ([Double], [Double]) = ([], [])
        var random = SplitMix(20)
        for run in 0..<Self.runs {
            let patient = Self.patients[run / Self.sequences.count % Self.patients.count]
            let sequence = Self.sequences[run % Self.sequences.count]
            let folder = try #require(SharedCases.folder).appendingPathComponent("validation/\(patient)")
            let target = try NIfTIFile.readImage(folder.appendingPathComponent("t1ce.nii.gz"))
            let image = try NIfTIFile.readImage(folder.appendingPathComponent("\(sequence.rawValue).nii.gz"))
            let motion = random.motion(degrees: 15, millimetres: 30, about: image.grid.centre)
            let spacing = [[1, 1, 5], [0.9, 0.9, 3], [5, 1, 1], [2, 2, 2]][run % 4].map { Double($0) }
            let moved = try image.scanned(after: motion, spacing: spacing, noise: 0.03, &random)
            let reference = try RegistrationImage(target, .t1ce)
            let clock = ContinuousClock.now
            let outcome = try SeriesRegistration(RegistrationImage(moved, sequence), to: reference).outcome()
            let seconds = (ContinuousClock.now - clock) / .seconds(1)
            let map = try #require(outcome.map)
            // The case's own alignment is no better than a millimetre or two: what the motion adds is measured as well.
            let still = try #require(
                try SeriesRegistration(RegistrationImage(image, sequence), to: reference).outcome().map)
            added.append(map.cornerError(from: still.composed(with: motion.inverse), over: moved.grid))
            errors.append(map.cornerError(from: motion.inverse, over: moved.grid))
            print(
                "registration", patient, sequence.rawValue, spacing, errors[run], added[run],
                outcome.problem?.rawValue ?? "good",
                outcome.attempts, outcome.found?.start ?? "", outcome.found?.iterations ?? 0,
                outcome.found?.mutualInformation ?? 0, outcome.overlay?.sharpness ?? 0,
                outcome.overlay?.handedness ?? 0, seconds)
        }
        print(
            "registration: \(errors.count) series, corner error against the case: median \(errors.quantile(0.5)) mm, "
                + "95 % \(errors.quantile(0.95)) mm; against the unmoved series: \(added.quantile(0.5)), "
                + "\(added.quantile(0.95))")
        #expect(added.quantile(0.5) <= 1)
        #expect(added.quantile(0.95) <= 2)
        #expect(errors.quantile(0.5) <= 2)
    }
}

extension Image {
    /// The head after a motion, on an upright grid of `spacing` that covers it, with noise of a share of the brightest
    /// voxels.
    func scanned(
        after motion: VoxelAffine, spacing: [Double], noise: Double, _ random: inout SplitMix
    ) throws -> Image {
        let placed = self.placed(on: grid.moved(by: motion))
        let sigma = (0..<3).map { spacing[$0] > 1.5 ? spacing[$0] / 2.5 : 0 }
        let corners = placed.grid.corners
        let lower = (0..<3).map { axis in corners.map { $0.components[axis] }.min() ?? 0 }
        let upper = (0..<3).map { axis in corners.map { $0.components[axis] }.max() ?? 0 }
        let size = GridSize((0..<3).map { Int(((upper[$0] - lower[$0]) / spacing[$0]).rounded(.up)) })
        let origin = PatientPoint(
            x: lower[0] + spacing[0] / 2, y: lower[1] + spacing[1] / 2, z: lower[2] + spacing[2] / 2)
        let target = VoxelGrid(size: size, affine: VoxelAffine(spacing: spacing, origin: origin))
        let upright = try Resampler.linear(placed, to: target.resized(spacing: [1, 1, 1]))
        var scan = try Resampler.linear(Smoothing.recursive(upright, sigma: sigma), to: target)
        let bright = scan.values.max() ?? 0
        for index in scan.values.indices where scan.values[index] > 0.02 * bright {
            scan.values[index] = max(1, scan.values[index] + bright * Float(noise * random.signed()))
        }
        for index in scan.values.indices where scan.values[index] <= 0.02 * bright { scan.values[index] = 0 }
        return scan
    }
}
