import Foundation

/// Writes a study's masks and maps as NIfTI: `segmentation.nii.gz`, `wt/tc/et.nii.gz` and `probabilities.nii.gz` on the
/// reference's grid, `<sequence>/segmentation.nii.gz` on each series' grid. Equal output gives equal bytes.
package struct NIfTIMaskWriter: StudyFileWriter {
    private static let labels = "segmentation.nii.gz"

    package let stage = "write"

    package init() {}

    package func fileNames(of sequences: [MRISequence]) -> [String] {
        // The names do not depend on the reference.
        sequences.first.map { files(of: sequences, on: $0).map(\.name) } ?? []
    }

    package func write(_ output: StudyOutput, to folder: URL) throws -> [OutputFile] {
        for sequence in output.sequences {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(sequence.rawValue), withIntermediateDirectories: true)
        }
        let files = files(of: output.sequences, on: output.reference)
        let copies = files.filter { isCopy($0, output) }
        _ = try files.filter { !copies.contains($0) }.concurrentMap { file in
            try write(file, output, to: folder.appendingPathComponent(file.name))
        }
        for file in copies {
            let target = folder.appendingPathComponent(file.name)
            try? FileManager.default.removeItem(at: target)
            try FileManager.default.copyItem(at: folder.appendingPathComponent(Self.labels), to: target)
        }
        return files.filter { $0.content != .probabilities } + files.filter { $0.content == .probabilities }
    }

    /// The largest file first, so that it does not finish last alone.
    private func files(of sequences: [MRISequence], on reference: MRISequence) -> [OutputFile] {
        [
            OutputFile(name: "probabilities.nii.gz", content: .probabilities, sequence: reference),
            OutputFile(name: Self.labels, content: .labels, sequence: reference),
        ]
            + TumourRegion.allCases.map { region in
                OutputFile(
                    name: region.abbreviation.lowercased() + ".nii.gz", content: .region, region: region,
                    sequence: reference)
            }
            + sequences.map { OutputFile(name: "\($0.rawValue)/\(Self.labels)", content: .labels, sequence: $0) }
    }

    /// Equal grids give equal bytes, as for all series of most studies.
    private func isCopy(_ file: OutputFile, _ output: StudyOutput) -> Bool {
        guard file.name.contains("/"), let own = file.sequence.flatMap({ output.series[$0] }) else { return false }
        return own.place == output.masks.grid && own.forms == output.series[output.reference]?.forms
    }

    private func write(_ file: OutputFile, _ output: StudyOutput, to url: URL) throws {
        guard let series = file.sequence.flatMap({ output.series[$0] }) else { return }
        switch file.content {
        case .probabilities:
            try NIfTIFile.write(probabilities: output.probabilities.regions, forms: series.forms, to: url)
        case .region:
            guard let mask = file.region.flatMap({ output.masks.masks[$0] }) else { return }
            try NIfTIFile.write(mask, forms: series.forms, to: url)
        case .labels:
            let own =
                series.place == output.masks.grid
                ? output.masks : try RegionMasks(output.probabilities, on: series.place).withoutSpecks()
            try NIfTIFile.write(own.labels.placed(on: series.grid), forms: series.forms, to: url)
        case .manifest, .picture: return
        }
    }
}
