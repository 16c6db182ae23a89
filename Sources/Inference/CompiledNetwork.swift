import Foundation
import Imaging

/// A network that a runtime has compiled for a device. Equal input gives equal bits on the same device.
protocol CompiledNetwork: Sendable {
    /// Never `auto`.
    var device: ComputeDevice { get }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - inputs: tensors by the network's names.
    ///   - outputs: the names of the tensors to return, in this order.
    /// - Throws: `ImagingError(.cancelled)` soon after `isCancelled` becomes true: within about 0.1 s in OpenVINO,
    ///   after the current operation in ONNX Runtime.
    func run(
        _ inputs: [(name: String, tensor: Tensor)], outputs: [String], isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]]
}

extension CompiledNetwork {
    /// Waits for a run on another thread, and stops it early once it is cancelled.
    ///
    /// - Returns: whether it was cancelled.
    func wait(for done: DispatchSemaphore, _ isCancelled: () -> Bool, cancel: () -> Void) -> Bool {
        var wasCancelled = false
        while done.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
            guard !wasCancelled, isCancelled() else { continue }
            wasCancelled = true
            cancel()
        }
        return wasCancelled
    }
}

/// Numbers with a shape, slowest axis first.
struct Tensor: Sendable {
    let shape: [Int]
    let values: [Float]

    /// The number of elements in the shape.
    var count: Int { shape.reduce(1, *) }
}
