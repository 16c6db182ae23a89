import Imaging

/// Where networks run, as `MODEL_DEVICE` names it.
package enum ComputeDevice: String, Sendable, CaseIterable {
    /// The processor.
    case cpu
    /// Intel's graphics.
    case gpu
    /// An NVIDIA GPU.
    case cuda
    /// The best of the above that can be used here.
    case auto

    /// - Parameter setting: the word of `MODEL_DEVICE`; nil and the empty word mean the processor.
    /// - Throws: `ImagingError(.invalidModel)` for another word.
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

    /// Why networks do not run here, for the person who can change it.
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

/// Why a device cannot be used here: a part of a sentence.
struct DeviceAbsence: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }

    /// What a native library says of itself, without the paths of this machine and of the one that built it.
    init(_ reason: String, saying message: String) {
        let words = message.replacing(/[^\s\/:"']*(?:\/[^\s\/:"']+)*\/(?=[^\s\/])/, with: "").split(
            whereSeparator: \.isWhitespace)
        self.reason = reason + " (" + words.joined(separator: " ") + ")"
    }
}
