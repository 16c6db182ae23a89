import Imaging

/// Puts the windows' outputs together: logits by their Gaussian weights, the gate by how much foreground each window saw.
struct WindowBlend {
    private let windows: Windows
    private let channels: Int
    private var sum: [Float]
    private var total: [Float]
    private var gate: [Double]
    private var seen = 0.0

    init(_ windows: Windows, channels: Int, experts: Int) {
        self.windows = windows
        self.channels = channels
        let isSingle = windows.origins.count == 1
        sum = isSingle ? [] : [Float](repeating: 0, count: channels * windows.grid.count)
        total = isSingle ? [] : [Float](repeating: 0, count: windows.grid.count)
        gate = [Double](repeating: 0, count: experts)
    }

    /// - Parameter seen: the window's images; a voxel is foreground where any of them is not 0.
    /// - Throws: `ImagingError(.invalidModel)` where the shapes are not those that model.json describes.
    mutating func add(_ logits: [Float], gate weights: [Float], seen images: Tensor, at origin: GridSize) throws {
        guard logits.count == channels * windows.size.count, weights.count == gate.count else {
            throw ImagingError(
                .invalidModel, "The package's network returned another shape than its model.json describes.")
        }
        guard windows.origins.count > 1 else {
            sum = logits
            gate = weights.map(Double.init)
            seen = 1
            return
        }
        windows.add(logits, channels: channels, at: origin, to: &sum, total: &total)
        let count = windows.size.count
        let foreground = (0..<count).reduce(into: 0.0) { marks, voxel in
            let isSeen = stride(from: voxel, to: images.values.count, by: count).contains { images.values[$0] != 0 }
            marks += isSeen ? 1 : 0
        }
        for (expert, weight) in weights.enumerated() { gate[expert] += foreground * Double(weight) }
        seen += foreground
    }

    var result: (logits: [Float], gate: [Double]) {
        guard windows.origins.count > 1 else { return (sum, gate) }
        var logits = sum
        for index in logits.indices { logits[index] /= total[index % total.count] }
        return (logits, gate.map { $0 / max(seen, 1) })
    }
}
