import Basics
import Crypto
import Foundation
import Imaging

/// Identifies a task's inputs: equal digests would give equal results.
enum InputsDigest {
    /// Hexadecimal SHA-256 of one line per series, in the models' order, and one for the requested model.
    static func of(_ images: [MRIImage], modelID: String?) -> String {
        var lines = images.sorted { $0.modality < $1.modality }.map {
            "\($0.modality.rawValue) \($0.series.contentDigest)"
        }
        lines.append("model \(modelID ?? "")")
        return SHA256.hash(data: Data(lines.joined(separator: "\n").utf8)).hexadecimal
    }
}
