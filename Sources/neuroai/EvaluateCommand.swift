import ArgumentParser
import Basics
import Foundation
import Imaging
import Inference

/// `neuroai evaluate`: Dice of the model's masks against expert masks.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Compare the model's masks with expert masks.",
        discussion: """
            The folder contains one folder per case with t1, t1ce, t2, flair and seg .nii.gz. The labels of seg follow BraTS up to 2021 \
            (4 enhancing), those in folders named deepmedic15… BraTS 2015, those in folders named phantom… BraTS 2023.
            """)

    @Option(help: "Folder of cases.") var cases: String
    @Option(help: "Model package; default: SEGMENTATION_MODEL_PATH.") var model: String?

    func run() throws {
        try Terminal.complaining { try evaluate() }
    }

    private func evaluate() throws {
        guard FileManager.default.fileExists(atPath: cases) else {
            throw FileError("--cases: there is no folder \(cases).")
        }
        let folders = LabelledCase.all(in: URL(fileURLWithPath: cases, isDirectory: true))
        guard !folders.isEmpty else {
            throw ImagingError(.invalidImage, "No folder with seg.nii.gz found. Specify the folder of cases.")
        }
        let settings = try Settings.load()
        let segmenter = try ModelSegmenter(
            NamedPackage(settings, path: model, argument: "--model").read(), precision: settings.modelPrecision,
            compiler: settings.networkCompiler(onFallback: Terminal.complain))
        print("case".padding(toLength: 28, withPad: " ", startingAt: 0) + "WT     TC     ET")
        var table = EvaluationTable()
        // The next case is read while the network processes the current one.
        var next = folders.first.map { item in Result { try item.load() } }
        for (number, item) in folders.enumerated() {
            guard let current = next else { break }
            let following = number + 1 < folders.count ? folders[number + 1] : nil
            let parts = try [true, false].concurrentMap { isScored -> EvaluationWork in
                isScored
                    ? .scored(current.flatMap { loaded in Result { try loaded.dice(segmenter) } })
                    : .loaded(following.map { item in Result { try item.load() } })
            }
            for case .loaded(let loaded) in parts { next = loaded }
            for case .scored(let dice) in parts { try table.add(item.name, dice) }
        }
        try table.end()
    }
}

/// Prints one row per case as results arrive. A case that fails does not stop the others.
private struct EvaluationTable {
    private var sums = [TumourRegion: Double]()
    private var count = 0
    private var failures: [ImagingError] = []

    /// - Throws: errors that would affect every other case as well.
    mutating func add(_ name: String, _ dice: Result<[TumourRegion: Double], any Error>) throws {
        do {
            let dice = try dice.get()
            print(Self.line(name, dice))
            sums.merge(dice) { $0 + $1 }
            count += 1
        } catch let error as ImagingError
            where [.invalidImage, .unsupportedImage, .ambiguousLabels, .incompatibleSeries].contains(error.code)
        {
            print(name.padding(toLength: 28, withPad: " ", startingAt: 0) + "-      -      -")
            Terminal.complain("\(name): \(error.message)")
            failures.append(error)
        } catch let error as ImagingError {
            throw error.named(name)
        }
    }

    /// - Throws: `ExitCode` if any case could not be evaluated.
    func end() throws {
        if count > 0 { print(Self.line("mean of \(count)", sums.mapValues { $0 / Double(count) })) }
        guard let first = failures.first else { return }
        Terminal.complain("\(failures.count) of \(count + failures.count) cases could not be evaluated.")
        throw ExitCode(first.exitCode)
    }

    private static func line(_ name: String, _ dice: [TumourRegion: Double]) -> String {
        name.padding(toLength: 28, withPad: " ", startingAt: 0)
            + TumourRegion.allCases.map { String(format: "%.3f", dice[$0] ?? 0) }.joined(separator: "  ")
    }
}

/// Work that runs concurrently: scoring the current case and loading the next.
private enum EvaluationWork: Sendable {
    case scored(Result<[TumourRegion: Double], any Error>)
    case loaded(Result<LoadedCase, any Error>?)
}

/// A case with an expert mask.
private struct LabelledCase {
    let folder: URL

    var name: String { folder.lastPathComponent }

    static func all(in folder: URL) -> [LabelledCase] {
        let found = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return found.sorted { $0.path < $1.path }.map(LabelledCase.init).filter {
            FileManager.default.fileExists(atPath: $0.file("seg").path) || $0.isLocked
        }
    }

    /// An unreadable folder may contain a case, so it is reported rather than skipped silently.
    private var isLocked: Bool { folder.hasDirectoryPath && access(folder.path, R_OK | X_OK) != 0 }

    private func file(_ name: String) -> URL { folder.appendingPathComponent(name + ".nii.gz") }

    private var convention: LabelConvention {
        if name.hasPrefix("deepmedic15") { return .brats2015 }
        return name.hasPrefix("phantom") ? .brats2023 : .brats
    }

    func load() throws -> LoadedCase {
        var images: [MRISequence: Image] = [:]
        for sequence in MRISequence.allCases where FileManager.default.fileExists(atPath: file(sequence.rawValue).path)
        {
            images[sequence] = try read(sequence.rawValue) { try NIfTIFile.readImage($0) }
        }
        return LoadedCase(
            study: try Study(images: images), truth: try read("seg") { try NIfTIFile.readLabels($0) },
            convention: convention)
    }

    /// Adds the file's name to errors.
    private func read<T>(_ name: String, _ body: (URL) throws -> T) throws -> T {
        let file = file(name)
        return try ImagingError.naming(file.lastPathComponent) { try body(file) }
    }
}

/// A case in memory.
private struct LoadedCase: Sendable {
    let study: Study
    let truth: LabelMap
    let convention: LabelConvention

    /// Dice by region, on the expert mask's grid.
    func dice(_ segmenter: ModelSegmenter) throws -> [TumourRegion: Double] {
        let found = try segmenter.probabilities(of: study, control: WorkControl())
        let masks = try RegionMasks(found, on: truth.grid).withoutSpecks()
        var dice: [TumourRegion: Double] = [:]
        for region in TumourRegion.allCases {
            guard let mask = masks.masks[region] else { continue }
            dice[region] = Agreement.dice(mask, try convention.mask(of: region, in: truth))
        }
        return dice
    }
}
