import Foundation
import Imaging
import Inference

extension Settings {
    /// Compiles networks for the device in `MODEL_DEVICE`. `ONNXRUNTIME_LIBRARY` is the path of ONNX Runtime's library,
    /// which `cuda` requires.
    ///
    /// - Parameter onFallback: called with a one-sentence reason if `auto` does not use its first device.
    func networkCompiler(onFallback: @escaping @Sendable (_ reason: String) -> Void) -> NetworkCompiler {
        NetworkCompiler(
            modelDevice, onnxRuntime: self["ONNXRUNTIME_LIBRARY"].map { URL(fileURLWithPath: $0) },
            onFallback: onFallback)
    }

    /// Fails at startup if the process runs networks and the configured device is not available.
    ///
    /// - Throws: `SettingsError`.
    func checkDevice() throws {
        do {
            try networkCompiler { _ in }.checkDevice()
        } catch let error as ImagingError {
            throw SettingsError(error.message)
        }
    }
}
