import Imaging

/// Blends the windows' outputs: logits by Gaussian weights, the gate by the foreground in each window.
struct WindowBlend {
    private let windows: Windows
    private let channels: Int
    private var sum: [Float]
    private var total: [Float]
    private var gate: [Double] = []
    private var seen = 0.0

    init(_ windows: Windows, channels: Int) {
        self.windows = windows
        self.channels = channels
        // A single window for the whole grid needs neither weights nor sums.
        sum = windows.isWhole ? [] : [Float](repeating: 0, count: channels * windows.grid.count)
        total = windows.isWhole ? [] : [Float](repeating: 0, count: windows.grid.count)
    }

    /// - Parameters:
    ///   - weights: the gate's mean weights over the window; empty if the network has no gate.
    ///   - seen: the window's images; a voxel is foreground if any of them is not 0.
    /// - Throws: `ImagingError(.invalidModel)` if the shape does not match model.json.
    mutating func add(_ logits: [Float], gate weights: [Float], seen images: Tensor, at origin: GridSize) throws {
        guard logits.count == channels * windows.size.count else {
            throw ImagingError(
                .invalidModel, "The package's network returned another shape than its model.json describes.")
        }
        if windows.isWhole {
            sum = logits
        } else {
            windows.add(logits, channels: channels, at: origin, to: &sum, total: &total)
        }
        guard !weights.isEmpty else { return }
        let count = windows.size.count
        let foreground = (0..<count).reduce(into: 0.0) { marks, voxel in
            let isSeen = stride(from: voxel, to: images.values.count, by: count).contains { images.values[$0] != 0 }
            marks += isSeen ? 1 : 0
        }
        if gate.isEmpty { gate = [Double](repeating: 0, count: weights.count) }
        for (expert, weight) in weights.enumerated() { gate[expert] += foreground * Double(weight) }
        seen += foreground
    }

    /// Logits [channel, k, j, i], 0 outside all windows; the gate's mean weights; and the voxels covered by a window,
    /// `nil` for all.
    var result: (logits: [Float], gate: [Double], looked: [Bool]?) {
        let mean = gate.map { $0 / max(seen, 1) }
        guard !windows.isWhole else { return (sum, mean, nil) }
        var logits = sum
        for channel in 0..<channels {
            let first = channel * total.count
            for index in total.indices where total[index] > 0 { logits[first + index] /= total[index] }
        }
        return (logits, mean, total.map { $0 > 0 })
    }
}
