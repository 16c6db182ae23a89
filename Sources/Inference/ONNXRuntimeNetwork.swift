import COnnxRuntime
import Foundation
import Imaging

/// A network compiled by ONNX Runtime for an NVIDIA GPU; also for the CPU, to compare it with OpenVINO.
final class ONNXRuntimeNetwork: CompiledNetwork, @unchecked Sendable {
    // The session has no Sendable Swift type; `queue` runs one at a time.
    let device: ComputeDevice
    private let runtime: ONNXRuntime
    private let session: OpaquePointer
    private let queue = DispatchQueue(label: "onnxruntime", qos: .userInitiated)

    /// - Throws: `ImagingError(.invalidModel)` if the file is not a network, `DeviceAbsence` if the device cannot run
    ///   it.
    init(_ file: URL, on device: ComputeDevice, _ runtime: ONNXRuntime) throws {
        self.device = device
        self.runtime = runtime
        let options = try runtime.sessionOptions(for: device)
        defer { ort_release_session_options(runtime.api, options) }
        var session: OpaquePointer?
        let status = ort_create_session(runtime.api, runtime.environment, file.path, options, &session)
        let failure = ONNXRuntimeFailure(status, runtime.api)
        guard failure == nil, let session else {
            if device == .cuda, let failure, !failure.isOfTheFile {
                throw DeviceAbsence("it cannot run the package's network", saying: failure.message)
            }
            throw ImagingError(.invalidModel, "ONNX Runtime cannot read the package's network.")
        }
        self.session = session
    }

    deinit {
        ort_release_session(runtime.api, session)
    }

    func run(
        _ inputs: [(name: String, tensor: Tensor)], outputs: [String], isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]] {
        do {
            let run = try ONNXRuntimeRun(inputs, outputs: outputs, runtime)
            let done = DispatchSemaphore(value: 0)
            queue.async { [self] in
                run.start(session)
                done.signal()
            }
            guard !wait(for: done, isCancelled, cancel: run.cancel) else {
                throw ImagingError(.cancelled, "The work was cancelled.")
            }
            return try run.values()
        } catch let failure as ONNXRuntimeFailure {
            throw ImagingError(
                .internalFault, DeviceAbsence("The network's run failed", saying: failure.message).reason + ".")
        }
    }
}

/// One run with all its ONNX Runtime objects, which are freed with it.
private final class ONNXRuntimeRun: @unchecked Sendable {
    // One thread prepares it, another starts it, and the first reads it after the other has signalled. Meanwhile only
    // `cancel` is called, on `options`, as ONNX Runtime allows.
    private let runtime: ONNXRuntime
    private var options: OpaquePointer?
    private var memory: OpaquePointer?
    private var buffers: [UnsafeMutableBufferPointer<Float>] = []
    private var inputs: [OpaquePointer?] = []
    private var outputs: [OpaquePointer?]
    private let inputNames: CStrings
    private let outputNames: CStrings
    private var status: OpaquePointer?

    init(_ tensors: [(name: String, tensor: Tensor)], outputs names: [String], _ runtime: ONNXRuntime) throws {
        self.runtime = runtime
        outputs = Array(repeating: nil, count: names.count)
        inputNames = CStrings(tensors.map(\.name))
        outputNames = CStrings(names)
        try runtime.check(ort_create_run_options(runtime.api, &options))
        try runtime.check(ort_create_cpu_memory_info(runtime.api, &memory))
        for (_, tensor) in tensors { try add(tensor) }
    }

    deinit {
        for value in inputs + outputs { ort_release_value(runtime.api, value) }
        for buffer in buffers { buffer.deallocate() }
        ort_release_memory_info(runtime.api, memory)
        ort_release_run_options(runtime.api, options)
        ort_release_status(runtime.api, status)
    }

    private func add(_ tensor: Tensor) throws {
        precondition(tensor.values.count == tensor.count, "a tensor has one value for each place of its shape")
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.count)
        buffers.append(buffer)
        _ = buffer.initialize(from: tensor.values)
        var value: OpaquePointer?
        try runtime.check(
            ort_create_tensor(
                runtime.api, memory, buffer.baseAddress, buffer.count * MemoryLayout<Float>.stride,
                tensor.shape.map(Int64.init), tensor.shape.count, &value))
        inputs.append(value)
    }

    /// Returns when the run has ended.
    func start(_ session: OpaquePointer) {
        status = ort_run(
            runtime.api, session, options, inputNames.pointers, inputs, inputs.count, outputNames.pointers,
            outputs.count,
            &outputs)
    }

    func cancel() {
        ort_release_status(runtime.api, ort_terminate(runtime.api, options))
    }

    func values() throws -> [[Float]] {
        defer { status = nil }
        try runtime.check(status)
        return try outputs.map { try values(of: $0) }
    }

    private func values(of value: OpaquePointer?) throws -> [Float] {
        var info: OpaquePointer?
        defer { ort_release_tensor_info(runtime.api, info) }
        try runtime.check(ort_tensor_info(runtime.api, value, &info))
        var type: Int32 = 0
        var count = 0
        var data: UnsafeMutableRawPointer?
        try runtime.check(ort_element_type(runtime.api, info, &type))
        try runtime.check(ort_element_count(runtime.api, info, &count))
        try runtime.check(ort_tensor_data(runtime.api, value, &data))
        guard type == ORT_FLOAT, let data else {
            throw ImagingError(.invalidModel, "The package's network returned values that are not 32-bit floats.")
        }
        return Array(UnsafeBufferPointer(start: data.assumingMemoryBound(to: Float.self), count: count))
    }
}

/// Copies of strings for C.
private final class CStrings {
    let pointers: [UnsafePointer<CChar>?]

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0).map { UnsafePointer($0) } }
    }

    deinit {
        for pointer in pointers { free(UnsafeMutableRawPointer(mutating: pointer)) }
    }
}
