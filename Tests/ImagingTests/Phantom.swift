import Basics
import Foundation
import Imaging

/// Synthetic images of a head: a box with a bright block on the patient's left, on grids of every kind.
enum Phantom {
    /// mm: the block's centre.
    static let block = PatientPoint(x: -20, y: 10, z: 5)
    private static let half = 12.0

    /// A machine without `mricron-data`.
    static let noAtlas = AtlasSource(folder: URL(fileURLWithPath: "/nonexistent", isDirectory: true))

    static func isInBlock(_ point: PatientPoint) -> Bool {
        let away = point - block
        return away.components.allSatisfy { abs($0) < half }
    }

    /// A grid of `size` centred at the origin.
    static func grid(_ size: GridSize, axes: [Double]) -> VoxelGrid {
        let turn = VoxelAffine(rows: [
            axes[0], axes[1], axes[2], 0, axes[3], axes[4], axes[5], 0, axes[6], axes[7], axes[8], 0,
        ])
        let middle = turn.point(i: Double(size.i - 1) / 2, j: Double(size.j - 1) / 2, k: Double(size.k - 1) / 2)
        var rows = turn.rows
        for row in 0..<3 { rows[4 * row + 3] = -middle.components[row] }
        return VoxelGrid(size: size, affine: VoxelAffine(rows: rows).roundedToFloat)
    }

    /// Straight, flipped, anisotropic, permuted, oblique and left-handed grids of one head.
    static let grids: [String: VoxelGrid] = [
        "straight": grid(GridSize(i: 60, j: 70, k: 56), axes: [2, 0, 0, 0, 2, 0, 0, 0, 2]),
        "flipped": grid(GridSize(i: 60, j: 70, k: 56), axes: [-2, 0, 0, 0, -2, 0, 0, 0, 2]),
        "left-handed": grid(GridSize(i: 60, j: 70, k: 56), axes: [-2, 0, 0, 0, 2, 0, 0, 0, 2]),
        "anisotropic": grid(GridSize(i: 120, j: 140, k: 22), axes: [1, 0, 0, 0, 1, 0, 0, 0, 5]),
        "permuted": grid(GridSize(i: 56, j: 60, k: 70), axes: [0, 2, 0, 0, 0, -2, 2, 0, 0]),
        "oblique": grid(
            GridSize(i: 60, j: 70, k: 56),
            axes: [1.93185165, -0.51763809, 0, 0.51763809, 1.93185165, 0, 0, 0, 2]),
    ]

    /// - Parameter texture: different numbers give different images.
    static func image(_ grid: VoxelGrid, texture: Int = 7) -> Image {
        var image = Image(grid: grid, filledWith: 0)
        for k in 0..<grid.size.k {
            for j in 0..<grid.size.j {
                for i in 0..<grid.size.i {
                    let point = grid.affine.point(i: Double(i), j: Double(j), k: Double(k))
                    let isHead = abs(point.x) < 50 && abs(point.y) < 60 && abs(point.z) < 45
                    let grain = Float((i * texture + j * 13 + k * 29) % 31)
                    image[k, j, i] = isHead ? (isInBlock(point) ? 900 : 300) + grain : 0
                }
            }
        }
        return image
    }
}

/// A segmenter that marks the reference's brightest voxels, the phantom's block: a stand-in without a network.
struct BrightSegmenter: Segmenter {
    let model = ModelIdentity(name: "bright", version: "1", digest: "0")
    let device = "cpu"

    func probabilities(of separated: SeparatedStudy, control: WorkControl) throws -> TumourProbabilities {
        let study = separated.study
        control.report("Looking", 0.5)
        try control.checkCancellation()
        guard let image = study.images[study.reference] else { throw ImagingError(.internalFault, "no reference") }
        let brightest = image.values.max() ?? 0
        let bright = Image(grid: image.grid, values: image.values.map { $0 > brightest - 330 ? 0.9 : 0.1 })
        let core = Image(grid: image.grid, values: image.values.map { $0 > brightest - 20 ? 0.8 : 0.1 })
        return TumourProbabilities(
            regions: [.wholeTumour: bright, .tumourCore: core, .enhancingTumour: core], gatingWeights: [:],
            thresholds: RegionThresholds(), foreground: image.mask { $0 != 0 }, brainMask: .given)
    }
}

extension SegmentationPipeline {
    /// With the stand-in segmenter.
    static let bright = SegmentationPipeline(segmenter: BrightSegmenter(), atlas: Phantom.noAtlas, codeVersion: "test")

    /// Runs the pipeline and writes its output as NIfTI.
    func run(
        _ sources: [MRISequence: any SeriesSource], writingTo folder: URL, control: WorkControl = WorkControl()
    ) throws -> WrittenStudy {
        try StudyWriter([NIfTIMaskWriter()]).write(run(sources, control: control), to: folder, control: control)
    }
}

/// A temporary folder that is removed afterwards.
func inTemporaryFolder<T>(_ body: (URL) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("neuroai-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
