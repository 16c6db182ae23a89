import ArgumentParser
import Basics
import Features
import Foundation
import Imaging
import Synchronization

/// `neuroai segment`: runs the pipeline on files, without a server.
struct SegmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Segment and measure a patient's series.",
        discussion: "Writes masks, result.json, manifest.json and report.txt to the output folder.")

    @OptionGroup var given: SeriesOptions
    @Option(help: "The folder of a study in DICOM, instead of single series.") var dicom: String?
    @Option(help: "The folder to write to.") var out: String
    @Option(help: "The model package; default: SEGMENTATION_MODEL_PATH.") var model: String?
    @Option(help: "The manifest.json of an earlier run that this run must reproduce bit for bit.") var manifest: String?
    @Flag(help: "Print result.json instead of a table.") var json = false

    private var paths: [MRISequence: String] { given.paths }

    private var output: OutputFolder { OutputFolder(option: "--out", path: out) }
    /// Which sequences a study in DICOM has is not known before it is read.
    private var outputNames: [String] {
        let names =
            dicom == nil
            ? StudyWriter.default.fileNames(of: paths.keys.sorted())
            : StudyWriter.dicom(nil).fileNames(of: MRISequence.allCases)
        return names + ["report.txt"]
    }

    func validate() throws {
        if let dicom {
            guard given.series.isEmpty else { throw ValidationError("Specify either --dicom or single series.") }
            try DICOMFolder(path: dicom).checkArguments(output: out)
        } else {
            try given.checkAnyIsGiven()
        }
        var inputs = paths.sorted { $0.key < $1.key }.map { (option: "--\($0.key.rawValue)", path: $0.value) }
        if let manifest { inputs.append(("--manifest", manifest)) }
        try output.checkArguments(writing: outputNames, reading: inputs)
    }

    func run() throws {
        try Terminal.complaining { try segment() }
    }

    private func segment() throws {
        // Before any work: a run takes a minute, and output errors would only occur at its end.
        try output.checkWritable(outputNames)
        try given.checkFiles()
        let (sources, writer) = try inputs()
        if let manifest { try InputFile.check(manifest, named: "--manifest (\(manifest))") }
        let earlier = try manifest.map { try RunManifest.read(URL(fileURLWithPath: $0)) }
        let folder = URL(fileURLWithPath: out, isDirectory: true)
        let bar = ProgressBar()
        let control = WorkControl(report: bar.show)
        let settings = try Settings.load()
        let pipeline = try SegmentationPipeline.installed(
            settings, NamedPackage(settings, path: model, argument: "--model").read(), onFallback: Terminal.complain)
        let study = try writer.write(
            pipeline.run(sources, control: control), to: folder, control: control)
        bar.end()
        let report = try ReportComposer.checked(study.result).text
        try Data(report.utf8).write(to: folder.appendingPathComponent("report.txt"))
        if let earlier { try compare(earlier, study.manifest) }
        if json {
            print(try String(contentsOf: folder.appendingPathComponent("result.json"), encoding: .utf8))
        } else {
            print(Self.table(study.result) + "\n\n" + report, terminator: "")
        }
    }

    /// The series, and what writes their results.
    private func inputs() throws -> (sources: [MRISequence: any SeriesSource], writer: StudyWriter) {
        if let dicom {
            let study = try DICOMFolder(path: dicom).study()
            // Standard output is for the result.
            if json { Terminal.complain(study.summary) } else { print(study.summary + "\n") }
            return (study.sources, .dicom(study))
        }
        var sources: [MRISequence: any SeriesSource] = [:]
        for (sequence, path) in paths {
            sources[sequence] = NIfTISource(URL(fileURLWithPath: path), name: SeriesOptions.name(sequence, path))
        }
        return (sources, .default)
    }

    private func compare(_ earlier: RunManifest, _ now: RunManifest) throws {
        let differences = earlier.differences(from: now)
        guard !differences.isEmpty else {
            Terminal.complain("The outputs are identical to those of the earlier run.")
            return
        }
        throw ImagingError(
            .incompatibleSeries, "The run differs from the earlier one: " + differences.joined(separator: "; ") + ".")
    }

    private static func table(_ result: SegmentationResult) -> String {
        let head = "region              volume [ml]   mean confidence"
        let rows = TumourRegion.allCases.map { region in
            let volume = QuantityText.volume(result.volumes[region] ?? 0).value
            let confidence = result.confidenceScores[region].map { QuantityText.coefficient($0).text } ?? "-"
            return region.rawValue.padding(toLength: 20, withPad: " ", startingAt: 0)
                + volume.padding(toLength: 14, withPad: " ", startingAt: 0) + confidence
        }
        return ([head] + rows).joined(separator: "\n")
    }
}
