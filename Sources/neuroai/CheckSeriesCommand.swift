import ArgumentParser
import Foundation
import Imaging

/// `neuroai check-series`: checks whether series can be segmented together, without segmenting them.
struct CheckSeriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-series", abstract: "Check whether a patient's series can be segmented together.",
        discussion: """
            Reads headers and images, compares the series and prints what needs review. \
            Exit code 65 if a series cannot be used.
            """)

    @OptionGroup var given: SeriesOptions
    @Flag(help: "Print JSON with the metrics of each comparison.") var json = false

    func validate() throws { try given.checkAnyIsGiven() }

    func run() throws {
        try Terminal.complaining {
            try given.checkFiles()
            let check = try SeriesCheck(given.series)
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                print(String(decoding: try encoder.encode(check), as: UTF8.self))
            } else {
                print(Self.text(check))
            }
        }
    }

    private static func text(_ check: SeriesCheck) -> String {
        let series = check.series.map { series in
            let voxels = series.dimensions.map(String.init).joined(separator: " × ")
            let spacing = series.spacing.map { String(format: "%.2f", $0) }.joined(separator: " × ")
            return series.sequence.displayName.padding(toLength: 7, withPad: " ", startingAt: 0)
                + "\(voxels) · \(spacing) mm · \(series.orientation)"
        }
        let reasons = check.review.reasons.map { "Needs review: \($0)" }
        return (series + (reasons.isEmpty ? ["No problems found."] : reasons)).joined(separator: "\n")
    }
}

/// One patient's series as options.
struct SeriesOptions: ParsableArguments {
    @Option(help: "The T1 series (NIfTI).") var t1: String?
    @Option(help: "The T1 series with contrast agent.") var t1ce: String?
    @Option(help: "The T2 series.") var t2: String?
    @Option(help: "The FLAIR series.") var flair: String?

    /// The paths as given on the command line.
    var paths: [MRISequence: String] {
        let named: [(MRISequence, String?)] = [(.t1, t1), (.t1ce, t1ce), (.t2, t2), (.flair, flair)]
        return Dictionary(uniqueKeysWithValues: named.compactMap { sequence, path in path.map { (sequence, $0) } })
    }

    var series: [MRISequence: URL] { paths.mapValues { URL(fileURLWithPath: $0) } }

    /// A series in error messages.
    static func name(_ sequence: MRISequence, _ path: String) -> String { "\(sequence.displayName) (\(path))" }

    /// - Throws: `FileError` if a file does not exist or can't be read.
    func checkFiles() throws {
        for (sequence, path) in paths.sorted(by: { $0.key < $1.key }) {
            try InputFile.check(path, named: Self.name(sequence, path))
        }
    }

    /// - Throws: `ValidationError` if no series is specified.
    func checkAnyIsGiven() throws {
        guard !series.isEmpty else { throw ValidationError("Specify at least one of --t1, --t1ce, --t2 and --flair.") }
    }
}
