import COpenVINO
import Foundation
import Imaging

/// A network compiled by OpenVINO, through its C API, for the CPU or an Intel GPU. One run at a time.
final class OpenVINONetwork: CompiledNetwork, @unchecked Sendable {
    // The C objects have no Sendable Swift type; `lock` admits one thread at a time.
    let device: ComputeDevice
    private let lock = NSLock()
    private let core: OpaquePointer
    private let compiled: OpaquePointer

    /// - Parameter device: `cpu` or `gpu`.
    /// - Throws: `ImagingError(.invalidModel)` if OpenVINO cannot read or compile the file, `DeviceAbsence` if the
    ///   device is absent or cannot run it.
    init(_ file: URL, on device: ComputeDevice = .cpu) throws {
        self.device = device
        if device == .gpu { try Self.checkIntelGPU() }
        let core = try Self.start()
        var compiled: OpaquePointer?
        // f32 only, since half precision changed masks; one stream, so that the order of sums is fixed.
        let status = Self.withProperties(["INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1"]) { properties in
            ov_core_compile_model_from_file_props(
                core, file.path, device == .gpu ? "GPU" : "CPU", properties.count, properties.baseAddress, &compiled)
        }
        guard status == OK, let compiled else {
            let reason = ov_get_last_err_msg().map { String(cString: $0) } ?? ""
            ov_core_free(core)
            guard device == .cpu else { throw DeviceAbsence("it cannot run the package's network", saying: reason) }
            throw ImagingError(.invalidModel, "OpenVINO cannot read the package's network.")
        }
        self.core = core
        self.compiled = compiled
    }

    deinit {
        ov_compiled_model_free(compiled)
        ov_core_free(core)
    }

    /// Where OpenVINO 2026.4 reads about processors. Without it and without /sys it reads lines of a file that is not open
    /// forever.
    static let processors = "/proc/cpuinfo"

    /// - Throws: `ImagingError(.internalFault)` if OpenVINO might not return.
    static func checkProcessors(_ file: String = processors) throws {
        guard access(file, R_OK) == 0 else {
            throw ImagingError(.internalFault, "OpenVINO needs \(file), which can't be read. Mount /proc.")
        }
    }

    private static func start() throws -> OpaquePointer {
        try checkProcessors()
        var core: OpaquePointer?
        guard ov_core_create(&core) == OK, let core else {
            throw ImagingError(.internalFault, "OpenVINO could not be started; run scripts/bootstrap again.")
        }
        return core
    }

    /// - Throws: `DeviceAbsence`.
    static func checkIntelGPU() throws {
        let core = try start()
        defer { ov_core_free(core) }
        var names: UnsafeMutablePointer<CChar>?
        defer { ov_free(names) }
        guard ov_core_get_property(core, "GPU", "AVAILABLE_DEVICES", &names) == OK, let names, names.pointee != 0 else {
            throw DeviceAbsence("OpenVINO finds none")
        }
    }

    func run(
        _ inputs: [(name: String, tensor: Tensor)], outputs: [String], isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]] {
        lock.lock()
        defer { lock.unlock() }
        var request: OpaquePointer?
        try check(ov_compiled_model_create_infer_request(compiled, &request))
        defer { ov_infer_request_free(request) }
        for (name, tensor) in inputs {
            let native = try tensor.native()
            defer { ov_tensor_free(native) }
            try check(ov_infer_request_set_tensor(request, name, native))
        }
        try wait(for: request, isCancelled)
        return try outputs.map { try values(of: request, named: $0) }
    }

    private func wait(for request: OpaquePointer?, _ isCancelled: () -> Bool) throws {
        let done = DispatchSemaphore(value: 0)
        let context = Unmanaged.passRetained(done)
        defer { context.release() }
        var callback = ov_callback_t(
            callback_func: { context in
                guard let context else { return }
                Unmanaged<DispatchSemaphore>.fromOpaque(context).takeUnretainedValue().signal()
            }, args: context.toOpaque())
        try check(ov_infer_request_set_callback(request, &callback))
        try check(ov_infer_request_start_async(request))
        let wasCancelled = wait(for: done, isCancelled) { ov_infer_request_cancel(request) }
        let status = ov_infer_request_wait(request)
        guard !wasCancelled else { throw ImagingError(.cancelled, "The work was cancelled.") }
        try check(status)
    }

    private func values(of request: OpaquePointer?, named name: String) throws -> [Float] {
        var tensor: OpaquePointer?
        try check(ov_infer_request_get_tensor(request, name, &tensor))
        defer { ov_tensor_free(tensor) }
        var count = 0
        var data: UnsafeMutableRawPointer?
        try check(ov_tensor_get_size(tensor, &count))
        try check(ov_tensor_data(tensor, &data))
        guard let data else { return [] }
        return Array(UnsafeBufferPointer(start: data.assumingMemoryBound(to: Float.self), count: count))
    }

    private func check(_ status: ov_status_e) throws {
        guard status != OK else { return }
        let text = ov_get_last_err_msg().map { String(cString: $0) } ?? ""
        throw ImagingError.outOfMemory(accordingTo: text)
            ?? ImagingError(.internalFault, "The network's run failed (OpenVINO status \(status.rawValue)).")
    }

    private static func withProperties(
        _ values: [String: String], _ body: (UnsafeBufferPointer<ov_property_t>) -> ov_status_e
    ) -> ov_status_e {
        let copies = values.map { (strdup($0.key), strdup($0.value)) }
        defer {
            for copy in copies {
                free(copy.0)
                free(copy.1)
            }
        }
        return copies.map { ov_property_t(key: $0.0, value: $0.1) }.withUnsafeBufferPointer(body)
    }
}

extension Tensor {
    /// A copy owned by OpenVINO; the caller frees it.
    fileprivate func native() throws -> OpaquePointer {
        precondition(values.count == count, "a tensor has one value for each place of its shape")
        var native = ov_shape_t()
        guard ov_shape_create(Int64(shape.count), shape.map(Int64.init), &native) == OK else { throw Self.failure }
        defer { ov_shape_free(&native) }
        var tensor: OpaquePointer?
        guard ov_tensor_create(F32, native, &tensor) == OK, let tensor else { throw Self.failure }
        var data: UnsafeMutableRawPointer?
        guard ov_tensor_data(tensor, &data) == OK, let data else {
            ov_tensor_free(tensor)
            throw Self.failure
        }
        values.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { data.copyMemory(from: start, byteCount: bytes.count) }
        }
        return tensor
    }

    private static let failure = ImagingError(.internalFault, "There is not enough memory for the network's input.")
}
