import Foundation

/// Writes files from a study's output: NIfTI masks, a preview image.
package protocol StudyFileWriter: Sendable {
    /// The writer's name among the stages of a manifest.
    var stage: String { get }

    /// The files written for a study with these sequences, relative to the folder.
    func fileNames(of sequences: [MRISequence]) -> [String]

    /// Writes to the existing `folder`. Equal output gives equal bytes on one machine.
    func write(_ output: StudyOutput, to folder: URL) throws -> [OutputFile]
}
