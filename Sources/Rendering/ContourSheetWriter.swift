import Foundation
import Imaging

/// Draws a study's masks on its reference series.
package struct ContourSheetWriter: StudyFileWriter {
    private static let name = "contours.png"

    package let stage = "draw"

    package init() {}

    package func fileNames(of sequences: [MRISequence]) -> [String] { [Self.name] }

    package func write(_ output: StudyOutput, to folder: URL) throws -> [OutputFile] {
        try ContourSheet(image: output.referenceImage, labels: output.masks.labels)
            .write(to: folder.appendingPathComponent(Self.name))
        return [OutputFile(name: Self.name, content: .picture)]
    }
}
