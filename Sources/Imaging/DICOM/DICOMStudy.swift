import Dicom
import Foundation

/// The series of a folder of DICOM files that are segmented, and why these.
package struct DICOMStudy: Sendable {
    /// A series and what has become of it.
    package struct Line: Equatable, Sendable {
        /// `nil` if the series is not used.
        package let sequence: MRISequence?
        /// Number and description of the series.
        package let series: String
        package let reason: String
        package let warnings: [String]
    }

    package let sources: [MRISequence: DICOMSource]
    /// The series that are used, in the order of the sequences, then the others in the order of their numbers.
    package let lines: [Line]
    /// Files that belong to no series, with the reason.
    package let skippedFiles: [String]

    /// - Throws: `ImagingError` if no series can be used.
    package init(folder: URL) throws {
        let (assembly, selection) = try ImagingError.fromDICOM {
            let assembly = try SeriesAssembly(folder: folder)
            return (assembly, try SeriesSelection(assembly))
        }
        let chosen = selection.chosen.map { (MRISequence($0.key), $0.value) }.sorted { $0.0 < $1.0 }
        sources = Dictionary(
            uniqueKeysWithValues: chosen.map { sequence, choice in
                let name = "\(sequence.displayName) (\(choice.series.name))"
                return (sequence, DICOMSource(choice.series, name: name))
            })
        lines =
            chosen.map { sequence, choice in
                Line(
                    sequence: sequence, series: choice.series.name, reason: choice.reason, warnings: choice.warnings)
            }
            + selection.rejected.map {
                Line(sequence: nil, series: $0.series.name, reason: $0.reason, warnings: $0.series.warnings)
            }
        skippedFiles = assembly.skipped.map { "\($0.file): \($0.reason)" }
    }

    /// The lines for the user.
    package var summary: String {
        let rows = lines.flatMap { line in
            [
                "\((line.sequence?.displayName ?? "not used").padding(toLength: 9, withPad: " ", startingAt: 0)) \(line.series): \(line.reason)"
            ]
                + line.warnings.map { "          Warning: \($0)" }
        }
        guard let first = skippedFiles.first else { return rows.joined(separator: "\n") }
        let others = skippedFiles.count > 1 ? " (and \(skippedFiles.count - 1) more)" : ""
        return (rows + ["Skipped   \(first)\(others)"]).joined(separator: "\n")
    }
}

extension MRISequence {
    init(_ role: SequenceRole) {
        switch role {
        case .t1: self = .t1
        case .t1ce: self = .t1ce
        case .t2: self = .t2
        case .flair: self = .flair
        }
    }
}
