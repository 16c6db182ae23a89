import ArgumentParser
import Basics
import Features
import Foundation
import Imaging
import Kernel
import Storage

/// `neuroai test`: tests the installation, from the settings to the segmentation of a phantom.
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract:
            "Test the installation: settings, database, storage, model, and a phantom through the whole pipeline.",
        discussion: """
            Prints OK or FAILED and the duration of each step; exit code 1 if a step failed. It leaves no files behind. `make test` runs the \
            project's own tests.
            """, aliases: ["selftest", "self-test"])

    @Flag(help: "Skip the phantom, which takes the most time.") var quick = false

    func run() async throws {
        let test = SelfTest()
        await test.step("settings") {
            let report = SettingsReport(SettingsSource.present())
            guard report.isValid else { throw SettingsError("see `neuroai check`") }
            return "\(report.settings.count) known"
        }
        if let settings = try? Settings.load() {
            await test.step("database") { try await Self.database(settings) }
            await test.step("storage") { try await Self.storage(settings) }
            await test.step("model") { try await Self.model(settings) }
            if !quick { await test.step("phantom") { try await Self.phantom(settings) } }
        }
        guard !test.hasFailed else { throw ExitCode(1) }
    }

    /// Checks that the schema is current, that a write can be read within its transaction, and that a rollback undoes
    /// it.
    private static func database(_ settings: Settings) async throws -> String {
        let database = try settings.openDatabase()
        do {
            let pending = try await Migrator.pending(database)
            guard pending.isEmpty else {
                throw SettingsError("\(pending.count) steps of the schema have not run; run `neuroai migrate`")
            }
            try await DatabaseProbe(database: database).run()
            try await database.close()
        } catch {
            try? await database.close()
            throw error
        }
        return "schema of \(Migration.all.count) steps"
    }

    private static func storage(_ settings: Settings) async throws -> String {
        let blobs = try settings.blobStore { _ in nil }
        let bytes = Data("self-test".utf8)
        let staged = try await blobs.put(bytes)
        var back = Data()
        for try await piece in try await blobs.read(staged.key, range: nil) { back += piece }
        try await blobs.delete(staged.key)
        guard back == bytes else { throw SettingsError("a file was read back differently") }
        return settings["STORAGE_URL"] ?? settings.mediaRoot.path
    }

    private static func model(_ settings: Settings) async throws -> String {
        try settings.checkModelPath()
        try settings.checkDevice()
        let pipeline = try SegmentationPipeline.installed(settings) { _ in }
        return "\(pipeline.model.name) \(pipeline.model.version), sha256 \(pipeline.model.digest.prefix(12)), compiled"
    }

    /// A lower Dice means that the model does not work correctly here; a phantom is easier to segment than a patient.
    private static let minimumDice = 0.7

    private static func phantom(_ settings: Settings) async throws -> String {
        guard SamplePatient.canBeMade(of: settings.atlasPath) else {
            throw SettingsError("atlas not found at ATLAS_PATH; it is needed for the phantom")
        }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("self-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let patient = try SamplePatient(atlas: settings.atlasPath, seed: 1)
        let sources = try patient.write(to: folder).mapValues { NIfTISource($0) }
        let output = try SegmentationPipeline.installed(settings) { _ in }.run(sources, control: WorkControl())
        let study = try StudyWriter.default.write(
            output, to: folder.appendingPathComponent("out"), control: WorkControl())
        _ = try ReportComposer.checked(study.result)
        let masks = try NIfTIFile.readLabels(folder.appendingPathComponent("out/segmentation.nii.gz"))
        var dice: [String] = []
        for region in TumourRegion.allCases {
            let truth = try LabelConvention.brats2023.mask(of: region, in: patient.truth)
            let value = Agreement.dice(try LabelConvention.brats2023.mask(of: region, in: masks), truth)
            dice.append("\(region.abbreviation) " + String(format: "%.3f", value))
            guard region != .wholeTumour || value >= minimumDice else {
                throw SettingsError(
                    "Dice of the whole tumour is \(String(format: "%.3f", value)), below \(minimumDice)")
            }
        }
        return "Dice " + dice.joined(separator: ", ")
    }
}

/// Runs steps in order and prints the outcome of each.
private final class SelfTest {
    private(set) var hasFailed = false

    func step(_ name: String, _ body: () async throws -> String) async {
        let begun = ContinuousClock.now
        let outcome: (word: String, detail: String)
        do {
            outcome = ("OK    ", try await body())
        } catch {
            hasFailed = true
            outcome = ("FAILED", Self.reason(error))
        }
        let seconds = String(format: "%6.2f s", (ContinuousClock.now - begun) / .seconds(1))
        print(
            "\(outcome.word)  \(name.padding(toLength: 10, withPad: " ", startingAt: 0))\(seconds)  \(outcome.detail)")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as SettingsError: error.description
        case let error as ImagingError: error.message
        case let error as DatabaseError: error.message
        case let error as AppError: error.message
        case let error as BlobError: error.description
        default: "\(type(of: error))"
        }
    }
}
