import Foundation
import Imaging
import Synchronization
import Testing

@testable import Inference

/// The committed first stage in both runtimes on the CPU: real libraries.
@Suite(.serialized)
struct CompiledNetworkTests {
    private static let file = StudyPhantom.package.appendingPathComponent("locate.onnx")
    private static let outputs = ["logits", "gating_weights"]

    private func network(_ runtime: String) throws -> any CompiledNetwork {
        guard runtime == "ONNX Runtime" else { return try OpenVINONetwork(Self.file) }
        return try ONNXRuntimeNetwork(Self.file, on: .cpu, ONNXRuntime(nil))
    }

    private func inputs(side: Int) -> [(name: String, tensor: Tensor)] {
        let values = (0..<4 * side * side * side).map { Float(($0 * 7919) % 4001) / 1000 - 2 }
        let images = Tensor(shape: [1, 4, side, side, side], values: values)
        return [("images", images), ("availability", Tensor(shape: [1, 4], values: [1, 1, 0, 1]))]
    }

    /// As in a chroot without /proc, where OpenVINO would never return.
    @Test func aMachineWithoutProcIsRefused() throws {
        try OpenVINONetwork.checkProcessors()
        let error = #expect(throws: ImagingError.self) { try OpenVINONetwork.checkProcessors("/nowhere/cpuinfo") }
        #expect(error?.code == .internalFault)
        #expect(error?.message == "OpenVINO needs /nowhere/cpuinfo, which can't be read. Mount /proc.")
    }

    @Test func bothRuntimesGiveTheSameLogits() throws {
        let inputs = inputs(side: 32)
        let expected = try network("OpenVINO").run(inputs, outputs: Self.outputs, isCancelled: { false })
        let found = try network("ONNX Runtime").run(inputs, outputs: Self.outputs, isCancelled: { false })
        #expect(expected.map(\.count) == found.map(\.count))
        #expect(found[0].count == 3 * 32 * 32 * 32)
        #expect(Set(found[0]).count > 1000)
        // Logits reach 10 and more; the order of sums depends on the CPU, and differences of 1.2e-4 occurred with
        // AVX-512.
        for (expected, found) in zip(expected, found) {
            #expect(zip(expected, found).map { abs($0 - $1) }.max() ?? 1 < 1e-3)
        }
    }

    /// The second network's outputs are requested in another order than in the file.
    @Test(arguments: ["OpenVINO", "ONNX Runtime"])
    func equalInputGivesEqualBits(_ runtime: String) throws {
        let inputs = inputs(side: 16)
        let first = try network(runtime).run(inputs, outputs: Self.outputs, isCancelled: { false })
        let second = try network(runtime).run(inputs, outputs: Self.outputs.reversed(), isCancelled: { false })
        let areEqual = first == second.reversed()
        #expect(areEqual)
    }

    @Test(arguments: ["OpenVINO", "ONNX Runtime"])
    func cancellingStopsInsideTheRun(_ runtime: String) throws {
        let network = try network(runtime)
        let inputs = inputs(side: 112)
        let clock = ContinuousClock()
        let whole = try clock.measure { _ = try network.run(inputs, outputs: Self.outputs, isCancelled: { false }) }
        let asked = Mutex(ContinuousClock.Instant?.none)
        let error = #expect(throws: ImagingError.self) {
            try network.run(
                inputs, outputs: Self.outputs,
                isCancelled: {
                    asked.withLock { $0 = $0 ?? clock.now }
                    return true
                })
        }
        #expect(error?.code == .cancelled)
        let begin = try #require(asked.withLock { $0 })
        #expect(begin.duration(to: clock.now) < whole / 2)
        // It still works after a cancelled run.
        let values = try network.run(self.inputs(side: 16), outputs: Self.outputs, isCancelled: { false })
        #expect(values.count == 2)
    }

    @Test(arguments: ["OpenVINO", "ONNX Runtime"])
    func aWrongNameIsAFaultAndNoCrash(_ runtime: String) throws {
        let network = try network(runtime)
        let error = #expect(throws: ImagingError.self) {
            try network.run(inputs(side: 16), outputs: ["nothing"], isCancelled: { false })
        }
        #expect(error?.code == .internalFault)
    }

    @Test func aFileThatIsNoNetworkIsRefused() throws {
        let runtime = try ONNXRuntime(nil)
        for file in [
            StudyPhantom.package.appendingPathComponent("MODEL_CARD.md"), URL(fileURLWithPath: "/nonexistent"),
        ] {
            let error = #expect(throws: ImagingError.self) { try ONNXRuntimeNetwork(file, on: .cpu, runtime) }
            #expect(error?.code == .invalidModel)
        }
    }
}
