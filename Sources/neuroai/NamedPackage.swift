import Foundation
import Imaging
import Inference

/// A model package that an argument or `SEGMENTATION_MODEL_PATH` names.
struct NamedPackage {
    private let folder: URL
    /// The argument with its value, or the setting.
    private let name: String

    /// - Parameters:
    ///   - path: the argument's value; `nil` selects the default package.
    ///   - argument: the argument's name.
    init(_ settings: Settings, path: String? = nil, argument: String = "") {
        folder = path.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? settings.modelPath
        name = path.map { "\(argument) \($0)" } ?? "SEGMENTATION_MODEL_PATH"
    }

    /// - Throws: `ImagingError(.invalidModel)` that starts with the argument or setting.
    func read() throws -> ModelPackage {
        try ImagingError.naming(name) { try ModelPackage(folder: folder) }
    }
}
