import Imaging
import Kernel

extension ImagingError: WrappedError {
    package var appError: AppError {
        switch code {
        case .invalidImage, .unsupportedImage, .ambiguousLabels, .incompatibleSeries:
            AppError(.validation, message, fields: ["file": [message]], cause: self)
        case .invalidModel, .outOfMemory: AppError(.unavailable, message, cause: self)
        case .diskFull: .diskFull(self)
        case .cancelled, .internalFault: .internalFault(self)
        }
    }

    package var isDiskFull: Bool { code == .diskFull }
}
