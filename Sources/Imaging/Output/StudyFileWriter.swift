import Foundation

/// Makes files of a study's output: NIfTI masks, a picture.
package protocol StudyFileWriter: Sendable {
    /// The writer's name among the stages of a manifest.
    var stage: String { get }

    /// What it writes for a study of these sequences, relative to the folder.
    func fileNames(of sequences: [MRISequence]) -> [String]

    /// Writes into `folder`, which exists. Equal output gives equal bytes on one machine.
    func write(_ output: StudyOutput, to folder: URL) throws -> [OutputFile]
}
