import Foundation
import Imaging
import Inference

extension Settings {
    /// Makes networks ready for the device of `MODEL_DEVICE`; `ONNXRUNTIME_LIBRARY` names ONNX Runtime's library, which `cuda` needs.
    ///
    /// - Parameter onFallback: called with a sentence where `auto` does not take the first device.
    func networkCompiler(onFallback: @escaping @Sendable (_ reason: String) -> Void) -> NetworkCompiler {
        NetworkCompiler(
            modelDevice, onnxRuntime: self["ONNXRUNTIME_LIBRARY"].map { URL(fileURLWithPath: $0) },
            onFallback: onFallback)
    }

    /// A process that is to run networks ends at its start where the device that it was told to use is absent.
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
