import COnnxRuntime
import Foundation
import Imaging

/// ONNX Runtime's library, loaded when a network needs it: the program works without it.
final class ONNXRuntime: @unchecked Sendable {
    // The function table is constant, and ONNX Runtime allows an environment to be used by several threads.
    let api: OpaquePointer
    let environment: OpaquePointer
    private let version: String

    /// - Parameter named: the library; `nil` searches the system loader's paths, then the link of scripts/bootstrap.
    /// - Throws: `DeviceAbsence`.
    init(_ named: URL?) throws {
        let library = try Self.open(named)
        guard let entry = dlsym(library, "OrtGetApiBase") else {
            throw DeviceAbsence("the library that was found is not ONNX Runtime's")
        }
        var version: UnsafePointer<CChar>?
        let api = ort_api(entry, &version)
        self.version = version.map { String(cString: $0) } ?? "of an unknown version"
        guard let api else {
            throw DeviceAbsence("ONNX Runtime \(self.version) is too old, it must be 1.17 or later")
        }
        var environment: OpaquePointer?
        let failure = ONNXRuntimeFailure(ort_create_env(api, ORT_LOG_NOTHING_BUT_FATAL, "neuroai", &environment), api)
        guard failure == nil, let environment else {
            throw DeviceAbsence("ONNX Runtime could not be started", saying: failure?.message ?? "")
        }
        self.api = api
        self.environment = environment
    }

    deinit {
        ort_release_env(api, environment)
    }

    /// The library is never closed: threads that it started may outlive its last session.
    private static func open(_ named: URL?) throws -> UnsafeMutableRawPointer {
        if let named {
            // Its providers are next to the file itself, not next to a link to it.
            if let found = dlopen(named.resolvingSymlinksInPath().path, RTLD_NOW) { return found }
            let reason = dlerror().map { String(cString: $0) } ?? ""
            throw DeviceAbsence("the library that ONNXRUNTIME_LIBRARY names cannot be loaded", saying: reason)
        }
        let link: UnsafePointer<CChar>? = ort_bootstrapped_library()
        let bootstrapped = link.map { URL(fileURLWithPath: String(cString: $0)).resolvingSymlinksInPath().path }
        for name in ["libonnxruntime.so", "libonnxruntime.so.1", bootstrapped].compactMap({ $0 }) {
            if let found = dlopen(name, RTLD_NOW) { return found }
        }
        throw DeviceAbsence("ONNX Runtime's library was not found")
    }

    /// - Throws: `DeviceAbsence` if this library or machine cannot use an NVIDIA GPU.
    func checkCUDA() throws {
        ort_release_session_options(api, try sessionOptions(for: .cuda))
        try NVIDIADriver.check()
    }

    /// The caller releases them.
    ///
    /// - Throws: `DeviceAbsence`.
    func sessionOptions(for device: ComputeDevice) throws -> OpaquePointer? {
        var options: OpaquePointer?
        do {
            try check(ort_create_session_options(api, &options))
            // Set explicitly, since ONNX Runtime would bind its own threads to cores.
            let threads = device == .cuda ? 1 : Int32(ProcessInfo.processInfo.activeProcessorCount)
            try check(ort_set_threads(api, options, threads))
            try check(ort_set_deterministic(api, options, true))
            if device == .cuda { try appendCUDA(options) }
        } catch let failure as ONNXRuntimeFailure {
            ort_release_session_options(api, options)
            let wish = device == .cuda ? "use CUDA" : "be set up"
            throw DeviceAbsence("ONNX Runtime \(version) cannot \(wish)", saying: failure.message)
        }
        return options
    }

    private func appendCUDA(_ options: OpaquePointer?) throws {
        var cuda: OpaquePointer?
        defer { ort_release_cuda_options(api, cuda) }
        try check(ort_create_cuda_options(api, &cuda))
        // Keeps f32 as f32, and makes the choice of convolution algorithm deterministic.
        try check(ort_set_cuda_option(api, cuda, "use_tf32", "0"))
        try check(ort_set_cuda_option(api, cuda, "cudnn_conv_algo_search", "HEURISTIC"))
        try check(ort_append_cuda(api, options, cuda))
    }

    /// - Throws: `ONNXRuntimeFailure`.
    func check(_ status: OpaquePointer?) throws {
        if let failure = ONNXRuntimeFailure(status, api) { throw failure }
    }
}

/// The error of a failed call to ONNX Runtime.
struct ONNXRuntimeFailure: Error {
    let message: String
    /// Whether the file is invalid, rather than unsupported by the device.
    let isOfTheFile: Bool

    /// Takes ownership of the status; `nil` on success.
    init?(_ status: OpaquePointer?, _ api: OpaquePointer) {
        guard let status else { return nil }
        message = ort_status_message(api, status).map { String(cString: $0) } ?? ""
        // No such file, no model, invalid protobuf, invalid graph.
        isOfTheFile = [3, 4, 7, 10].contains(ort_status_code(api, status))
        ort_release_status(api, status)
    }
}

/// NVIDIA's driver, queried without creating a context on a GPU.
private enum NVIDIADriver {
    private typealias Initialise = @convention(c) (UInt32) -> Int32
    private typealias CountDevices = @convention(c) (UnsafeMutablePointer<Int32>) -> Int32

    static func check() throws {
        guard let driver = dlopen("libcuda.so.1", RTLD_NOW), let initialise = dlsym(driver, "cuInit"),
            let countDevices = dlsym(driver, "cuDeviceGetCount")
        else { throw DeviceAbsence("NVIDIA's driver was not found") }
        var count: Int32 = 0
        guard unsafeBitCast(initialise, to: Initialise.self)(0) == 0,
            unsafeBitCast(countDevices, to: CountDevices.self)(&count) == 0, count > 0
        else { throw DeviceAbsence("NVIDIA's driver finds no GPU") }
    }
}
