import Foundation
import Imaging

/// How a package's network processes a study: the whole box at once, or overlapping windows.
enum WindowStrategy: Equatable, Sendable {
    /// The box's lengths are multiples of this number of voxels.
    case box(multiple: Int)
    /// Windows of `size` voxels that overlap by a share of `overlap`; their logits are blended with Gaussian weights.
    /// The grid's lengths are multiples as for a box and at least `least`, by default the window's; windows are not
    /// longer than the grid.
    case sliding(size: GridSize, overlap: Double, multiple: Int = 1, least: Int? = nil)

    /// The grid's length along an axis for a foreground of `needed` voxels.
    func length(_ needed: Int, axis: Int) -> Int {
        switch self {
        case .box(let multiple): Self.rounded(needed, multiple)
        case .sliding(let size, _, let multiple, let least): max(Self.rounded(needed, multiple), least ?? size[axis])
        }
    }

    private static func rounded(_ needed: Int, _ multiple: Int) -> Int {
        (needed + multiple - 1) / multiple * multiple
    }
}

/// The windows over one grid, placed and weighted as MONAI's `sliding_window_inference(mode="gaussian")` does, so that
/// a network gives the same masks here as in its validation.
struct Windows: Sendable {
    let grid: GridSize
    /// Voxels of one window.
    let size: GridSize
    /// Each window's first voxel.
    let origins: [GridSize]
    /// [k, j, i] of one window; empty if one window is the whole grid.
    let weights: [Float]

    /// Whether one window is the whole grid.
    var isWhole: Bool { size == grid }

    /// Sigma as a share of the window's length, and the smallest weight.
    private static let sigmaScale = 0.125
    private static let leastWeight = 1e-3

    /// - Parameter wanted: windows without any of its voxels are omitted.
    init(over grid: GridSize, _ strategy: WindowStrategy, holding wanted: LabelMap? = nil) {
        self.grid = grid
        guard case .sliding(let most, let overlap, _, _) = strategy, (0..<3).contains(where: { grid[$0] > most[$0] })
        else {
            size = grid
            origins = [GridSize(i: 0, j: 0, k: 0)]
            weights = []
            return
        }
        let size = GridSize((0..<3).map { min(most[$0], grid[$0]) })
        self.size = size
        let starts = (0..<3).map { Self.starts(length: grid[$0], window: size[$0], overlap: overlap) }
        let all = starts[2].flatMap { k in starts[1].flatMap { j in starts[0].map { GridSize(i: $0, j: j, k: k) } } }
        origins =
            wanted.map { wanted in
                all.filter { origin in
                    wanted.cropped(to: VoxelBox(lower: origin.lengths, size: size)).values.contains { $0 != 0 }
                }
            } ?? all
        let axes = (0..<3).map { Self.gaussian(size[$0]) }
        weights = axes[2].flatMap { k in
            axes[1].flatMap { j in axes[0].map { i in Float(max(i * j * k, Self.leastWeight)) } }
        }
    }

    static func starts(length: Int, window: Int, overlap: Double) -> [Int] {
        let step = window == length ? window : max(1, Int(Double(window) * (1 - overlap)))
        var starts: [Int] = []
        var place = 0
        while true {
            starts.append(min(place, length - window))
            if place + window >= length { return starts }
            place += step
        }
    }

    private static func gaussian(_ length: Int) -> [Double] {
        let sigma = sigmaScale * Double(length)
        return (0..<length).map { index in
            let away = Double(index) - Double(length - 1) / 2
            return exp(-away * away / (2 * sigma * sigma))
        }
    }

    /// The window at `origin`, from channels stored consecutively, each [k, j, i].
    func cut(_ values: [Float], channels: Int, at origin: GridSize) -> [Float] {
        guard !isWhole else { return values }
        var cut: [Float] = []
        cut.reserveCapacity(channels * size.count)
        forEachRow(channels, origin) { start, _, _ in cut.append(contentsOf: values[start..<start + size.i]) }
        return cut
    }

    /// Adds a window's weighted values at `origin`, and its weights if `total` is given.
    func add(_ window: [Float], channels: Int, at origin: GridSize, to sum: inout [Float], total: inout [Float]) {
        forEachRow(channels, origin) { start, row, channel in
            let weight = row % size.count
            for i in 0..<size.i {
                sum[start + i] += window[row + i] * weights[weight + i]
                if channel == 0 { total[start + i] += weights[weight + i] }
            }
        }
    }

    /// `body` receives the row's start in the grid's array, its start in the window's array, and the channel.
    private func forEachRow(_ channels: Int, _ origin: GridSize, _ body: (Int, Int, Int) -> Void) {
        var row = 0
        for channel in 0..<channels {
            for k in 0..<size.k {
                for j in 0..<size.j {
                    let start =
                        channel * grid.count + ((origin.k + k) * grid.j + origin.j + j) * grid.i + origin.i
                    body(start, row, channel)
                    row += size.i
                }
            }
        }
    }
}
