import ArgumentParser
import Features
import Foundation
import Imaging
import Rendering
import Synchronization

/// `neuroai segment`: the pipeline on files, with no server.
struct SegmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Segments and measures one patient's series.",
        discussion: "Writes masks, result.json, manifest.json and report.txt into the output folder.")

    @OptionGroup var given: SeriesOptions
    @Option(help: "The folder to write to.") var out: String
    @Option(help: "The model package; default SEGMENTATION_MODEL_PATH or models/unet.") var model: String?
    @Option(help: "The manifest.json of an earlier run that this one must repeat bit by bit.") var manifest: String?
    @Flag(help: "Prints result.json instead of a table.") var json = false

    private var series: [MRISequence: URL] { given.series }

    func run() throws {
        try Terminal.complaining { try segment() }
    }

    private func segment() throws {
        let earlier = try manifest.map { try RunManifest.read(URL(fileURLWithPath: $0)) }
        let folder = URL(fileURLWithPath: out, isDirectory: true)
        let package = model.map { URL(fileURLWithPath: $0, isDirectory: true) }
        let bar = ProgressBar()
        let outcome = try SegmentationPipeline.installed(
            Settings.load(), model: package, fellBack: Terminal.complain
        ).run(series: series, output: folder, control: WorkControl(report: bar.show))
        bar.end()
        let report = try ReportComposer.checked(outcome.result).text
        try Data(report.utf8).write(to: folder.appendingPathComponent("report.txt"))
        _ = try ContourSheet.draw(outcome.result, of: series, in: folder)
        if let earlier { try compare(earlier, outcome.manifest) }
        if json {
            print(try String(contentsOf: folder.appendingPathComponent("result.json"), encoding: .utf8))
        } else {
            print(Self.table(outcome.result) + "\n\n" + report, terminator: "")
        }
    }

    private func compare(_ earlier: RunManifest, _ now: RunManifest) throws {
        let differences = earlier.differences(from: now)
        guard !differences.isEmpty else {
            Terminal.complain("The run is the same bit by bit.")
            return
        }
        throw ImagingError(.incompatibleSeries, "The run does not repeat: " + differences.joined(separator: "; ") + ".")
    }

    private static func table(_ result: SegmentationResult) -> String {
        let head = "region              volume [ml]   mean confidence"
        let rows = TumourRegion.allCases.map { region in
            let volume = String(format: "%.2f", result.volumesMillilitres[region] ?? 0)
            let confidence = result.confidenceScores[region].map { String(format: "%.2f", $0) } ?? "-"
            return region.rawValue.padding(toLength: 20, withPad: " ", startingAt: 0)
                + volume.padding(toLength: 14, withPad: " ", startingAt: 0) + confidence
        }
        return ([head] + rows).joined(separator: "\n")
    }
}

extension ImagingError {
    /// `sysexits.h`: 65 for bad input, 78 for a bad model, 70 for a fault of ours; 130 as after Ctrl-C.
    var exitCode: Int32 {
        switch code {
        case .invalidImage, .unsupportedImage, .ambiguousLabels, .incompatibleSeries: 65
        case .invalidModel: 78
        case .cancelled: 130
        case .internalFault: 70
        }
    }
}

/// Words for the person at the terminal, beside what a program reads from standard output.
enum Terminal {
    static func complain(_ message: String) {
        FileHandle.standardError.write(Data((message + "\n").utf8))
    }

    /// What goes wrong with an image or a model ends the command with a sentence and its exit code.
    static func complaining(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as ImagingError {
            complain(error.message)
            throw ExitCode(error.exitCode)
        }
    }
}

/// One line that is written over and over, where standard error is a terminal.
final class ProgressBar: Sendable {
    private let isShown = isatty(STDERR_FILENO) == 1

    @Sendable func show(_ step: String, _ fraction: Double) {
        guard isShown else { return }
        let done = Int(fraction * 30)
        let bar = String(repeating: "█", count: done) + String(repeating: "·", count: 30 - done)
        FileHandle.standardError.write(Data("\r\u{1B}[K\(bar) \(Int(fraction * 100)) % \(step)".utf8))
    }

    func end() {
        if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
