import Foundation
import Imaging

/// Compiles networks for the configured device; with `auto`, for the best available one.
package struct NetworkCompiler: Sendable {
    private let choice: ComputeDevice
    private let onnxRuntime: URL?
    private let onFallback: @Sendable (_ reason: String) -> Void

    /// - Parameters:
    ///   - onnxRuntime: ONNX Runtime's library; `nil` searches the system loader's paths, then the link of
    ///     scripts/bootstrap.
    ///   - onFallback: called with a sentence if `auto` does not use the first device.
    package init(
        _ choice: ComputeDevice = .cpu, onnxRuntime: URL? = nil,
        onFallback: @escaping @Sendable (_ reason: String) -> Void = { _ in }
    ) {
        self.choice = choice
        self.onnxRuntime = onnxRuntime
        self.onFallback = onFallback
    }

    /// Checks that the configured device is available, without allocating its memory.
    ///
    /// - Throws: `ImagingError(.invalidModel)` stating what is missing and what to do; never with `auto`.
    package func checkDevice() throws {
        do {
            switch choice {
            case .cpu, .auto: return
            case .gpu: try OpenVINONetwork.checkIntelGPU()
            case .cuda: try ONNXRuntime(onnxRuntime).checkCUDA()
            }
        } catch let absence as DeviceAbsence {
            throw choice.absence(absence.reason)
        }
    }

    /// Compiles all networks for one device.
    ///
    /// - Throws: `ImagingError(.invalidModel)` if a file cannot be read or the device is absent.
    func compile(_ files: [URL]) throws -> [any CompiledNetwork] {
        var absences: [String] = []
        for device in choice.candidates {
            do {
                let networks = try compile(files, for: device)
                if !absences.isEmpty {
                    onFallback("\(absences.joined(separator: "; ")); MODEL_DEVICE=auto takes \(device.rawValue).")
                }
                return networks
            } catch let absence as DeviceAbsence {
                guard choice == .auto else { throw choice.absence(absence.reason) }
                absences.append("\(device.whatIsMissing): \(absence.reason)")
            }
        }
        throw choice.absence(absences.joined(separator: "; "))
    }

    private func compile(_ files: [URL], for device: ComputeDevice) throws -> [any CompiledNetwork] {
        guard device == .cuda else { return try files.map { try OpenVINONetwork($0, on: device) } }
        let runtime = try ONNXRuntime(onnxRuntime)
        try runtime.checkCUDA()
        return try files.map { try ONNXRuntimeNetwork($0, on: device, runtime) }
    }
}
