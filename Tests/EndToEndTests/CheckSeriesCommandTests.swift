import Foundation
import Imaging
import TestSupport
import Testing

/// `neuroai check-series` from the command line.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct CheckSeriesCommandTests {
    private static func run(_ arguments: [String], in folder: URL) async throws -> Program.Ending {
        try await Program.run(["check-series"] + arguments, in: folder)
    }

    @Test func seriesOfOneHeadAreListedWithoutADoubt() async throws {
        try await TemporaryFolder.with { folder in
            let head = try MadeUpHead(in: folder)
            let ending = try await Self.run(["--t1", head.t1, "--flair", head.flair], in: folder)
            #expect(ending.code == 0, "\(ending)")
            for line in [
                "T1     50 × 60 × 46 · 3.00 × 3.00 × 3.00 mm · RAS",
                "FLAIR  50 × 60 × 46 · 3.00 × 3.00 × 3.00 mm · RAS",
                "No problems found.",
            ] {
                #expect(ending.said.split(separator: "\n").contains { $0 == line }, "\(line): \(ending)")
            }
        }
    }

    @Test func whatNeedsReviewIsSaidAndStandsInTheJSON() async throws {
        try await TemporaryFolder.with { folder in
            let head = try MadeUpHead(in: folder)
            let series = ["--t1", head.t1, "--flair", head.mirroredFLAIR]
            let reason = "T1 and FLAIR do not overlay each other: one of them may be mirrored."
            let ending = try await Self.run(series, in: folder)
            #expect(ending.code == 0 && ending.said.contains("Needs review: \(reason)"), "\(ending)")
            #expect(!ending.said.contains("No problems found."))

            let json = try await Self.run(series + ["--json"], in: folder)
            let check = try JSONDecoder().decode(SeriesCheck.self, from: Data(json.said.utf8))
            #expect(json.code == 0 && check.review.isNeeded && check.review.reasons == [reason], "\(json)")
            #expect(check.series.map(\.sequence) == [.t1, .flair] && check.brainMask == .given, "\(json)")
            #expect(check.pairs.count == 1)
        }
    }

    @Test func seriesThatCannotBeUsedEndWithTheirOwnCode() async throws {
        try await TemporaryFolder.with { folder in
            let head = try MadeUpHead(in: folder)
            let cut = folder.appendingPathComponent("cut.nii.gz")
            try Data(contentsOf: URL(fileURLWithPath: head.flair)).prefix(10_000).write(to: cut)
            for (arguments, code, said) in [
                (["--t1", head.t1, "--t2", head.brighterT1], 65, "T1 and T2 hold the same image"),
                (["--t1", head.t1, "--flair", cut.path], 65, "FLAIR: "),
                (["--t1", "/no/such"], 74, "T1 (/no/such): there is no such file."),
                ([], 64, "Specify at least one of --t1"),
            ] as [([String], Int32, String)] {
                let ending = try await Self.run(arguments, in: folder)
                #expect(ending.code == code && ending.said.contains(said), "\(arguments): \(ending)")
            }
        }
    }
}

/// Series files of one head: synthetic anatomy, each series with its own contrast and noise.
private struct MadeUpHead {
    let t1: String
    let flair: String
    let mirroredFLAIR: String
    /// T1 with a different gain.
    let brighterT1: String

    private static let grid = VoxelGrid(
        size: GridSize(i: 50, j: 60, k: 46),
        affine: VoxelAffine(spacing: [3, 3, 3], origin: PatientPoint(x: -73.5, y: -88.5, z: -67.5)))

    init(in folder: URL) throws {
        func write(_ name: String, _ values: [Float]) throws -> String {
            let file = folder.appendingPathComponent("\(name).nii.gz")
            try NIfTIFile.write(Image(grid: Self.grid, values: values), to: file)
            return file.path
        }
        let first = Self.series(noise: 3) { 500 + 120 * $0 }
        let second = Self.series(noise: 8) { 400 + 130 * abs($0 - 0.4) }
        let width = Self.grid.size.i
        let mirrored = second.indices.map { second[$0 - $0 % width + width - 1 - $0 % width] }
        t1 = try write("t1", first)
        flair = try write("flair", second)
        mirroredFLAIR = try write("mirrored", mirrored)
        brighterT1 = try write("brighter", first.map { 1.7 * $0 })
    }

    private static func series(noise seed: UInt64, _ brightness: (Float) -> Float) -> [Float] {
        var noise = Numbers(state: seed)
        return anatomy.map { $0.isNaN ? 0 : brightness($0) + 60 * noise.next() }
    }

    /// A sum of waves of 14 to 45 mm in all directions within an ellipsoid; NaN outside.
    private static let anatomy: [Float] = {
        var numbers = Numbers(state: 1)
        let waves = (0..<14).map { _ -> (way: [Float], phase: Float) in
            let length = 14 + 31 * abs(numbers.next())
            let way = (0..<3).map { _ in numbers.next() }
            let size = max(0.1, way.reduce(0) { $0 + $1 * $1 }.squareRoot())
            return (way.map { 2 * .pi * 3 / length * $0 / size }, 3 * numbers.next())
        }
        return (0..<grid.size.count).map { index in
            let x = Float(index % 50) - 24.5
            let y = Float(index / 50 % 60) - 29.5
            let z = Float(index / 3000) - 22.5
            guard x * x / 500 + y * y / 740 + z * z / 400 < 1 else { return .nan }
            return waves.reduce(0) { $0 + sin($1.way[0] * x + $1.way[1] * y + $1.way[2] * z + $1.phase) } / 3.5
        }
    }()
}

/// Uniform numbers in -1...1 (SplitMix64).
private struct Numbers {
    var state: UInt64

    mutating func next() -> Float {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Float((z ^ (z >> 31)) >> 40) / Float(1 << 23) - 1
    }
}
