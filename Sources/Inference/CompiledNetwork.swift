import Foundation
import Imaging

/// A network that a runtime has made ready for a device. Equal input gives equal bits on the same device.
protocol CompiledNetwork: Sendable {
    /// Never `auto`.
    var device: ComputeDevice { get }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - inputs: tensors by the network's names.
    ///   - outputs: the names of the tensors wanted, returned in this order.
    /// - Throws: `ImagingError(.cancelled)` soon after `isCancelled` turns true: within about 0.1 s in OpenVINO; ONNX Runtime
    ///   ends the operation first that it is at.
    func run(
        _ inputs: [(name: String, tensor: Tensor)], outputs: [String], isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]]
}

extension CompiledNetwork {
    /// Waits until a run that goes on elsewhere has ended, and has it end early once it is cancelled.
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

    /// How many places the shape has.
    var count: Int { shape.reduce(1, *) }
}
