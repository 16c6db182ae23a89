import Imaging

/// Where networks run, as set by `MODEL_DEVICE`.
package enum ComputeDevice: String, Sendable, CaseIterable {
    /// The CPU.
    case cpu
    /// An Intel GPU.
    case gpu
    /// An NVIDIA GPU.
    case cuda
    /// The best available device.
    case auto

    /// - Parameter setting: the value of `MODEL_DEVICE`; `nil` and an empty value mean the CPU.
    /// - Throws: `ImagingError(.invalidModel)` for any other value.
    package init(setting: String?) throws {
        guard let setting, !setting.isEmpty else {
            self = .cpu
            return
        }
        guard let device = ComputeDevice(rawValue: setting) else {
            let words = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw ImagingError(.invalidModel, "MODEL_DEVICE must be one of \(words).")
        }
        self = device
    }

    /// The devices to try, best first.
    var candidates: [ComputeDevice] { self == .auto ? [.cuda, .gpu, .cpu] : [self] }

    /// Explains why networks cannot run here, for the operator.
    func absence(_ reason: String) -> ImagingError {
        ImagingError(.invalidModel, "MODEL_DEVICE=\(rawValue): \(whatIsMissing): \(reason); \(remedy).")
    }

    var whatIsMissing: String {
        switch self {
        case .cuda: "no NVIDIA GPU can be used"
        case .gpu: "no Intel GPU can be used"
        case .cpu, .auto: "the CPU cannot be used"
        }
    }

    private var remedy: String {
        switch self {
        case .cuda:
            "install NVIDIA's driver, CUDA, cuDNN and onnxruntime-gpu and set ONNXRUNTIME_LIBRARY to its libonnxruntime.so, "
                + "or set MODEL_DEVICE to auto or cpu"
        case .gpu: "install Intel's OpenCL driver (intel-opencl-icd), or set MODEL_DEVICE to auto or cpu"
        case .cpu, .auto: "run scripts/bootstrap again"
        }
    }
}

/// The reason a device is unavailable: part of a sentence.
struct DeviceAbsence: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }

    /// A native library's message, without paths of this machine or of the build machine.
    init(_ reason: String, saying message: String) {
        let words = message.replacing(/[^\s\/:"']*(?:\/[^\s\/:"']+)*\/(?=[^\s\/])/, with: "").split(
            whereSeparator: \.isWhitespace)
        self.reason = reason + " (" + words.joined(separator: " ") + ")"
    }
}
