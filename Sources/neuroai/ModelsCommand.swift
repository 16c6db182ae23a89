import ArgumentParser
import Foundation
import Imaging
import Inference

/// `neuroai models`: lists, shows, verifies, imports and activates model packages.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List, show, verify, import and activate model packages.",
        subcommands: [
            List.self, Show.self, Verify.self, Import.self, Activate.self, Rollback.self,
        ])

    /// Prints one line per package; the one in `SEGMENTATION_MODEL_PATH` is marked with an asterisk.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the packages of a folder.")

        @Option(help: "Folder of packages; default: MODELS_ROOT.") var folder: String?

        func run() throws {
            try Terminal.complaining {
                let settings = try Settings.load()
                let active = settings.modelPath.standardizedFileURL.resolvingSymlinksInPath()
                let root = folder.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? settings.modelsRoot
                let packages = try ModelsCommand.packages(in: root)
                print("   " + Self.row("package", "version", "digest", "WT / TC / ET, mean Dice with four sequences"))
                for path in packages {
                    let isActive = path.standardizedFileURL.resolvingSymlinksInPath().path == active.path
                    print((isActive ? " * " : "   ") + Self.line(path))
                }
            }
        }

        private static func line(_ path: URL) -> String {
            do {
                let package = try ModelPackage(folder: path)
                let identity = package.identity
                let dice = package.measuredDice(with: MRISequence.allCases).map(ModelsCommand.dice) ?? "not measured"
                return row(path.lastPathComponent, identity.version, String(identity.digest.prefix(12)), dice)
            } catch {
                return row(path.lastPathComponent, "-", "-", (error as? ImagingError)?.message ?? "unreadable")
            }
        }

        private static func row(_ name: String, _ version: String, _ digest: String, _ more: String) -> String {
            name.padding(toLength: 20, withPad: " ", startingAt: 0)
                + version.padding(toLength: 10, withPad: " ", startingAt: 0)
                + digest.padding(toLength: 14, withPad: " ", startingAt: 0) + more
        }
    }

    /// Prints the figures in a package's metadata.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a package's description.")

        @Argument(help: "Package folder; default: SEGMENTATION_MODEL_PATH.") var package: String?

        func run() throws {
            try Terminal.complaining {
                let package = try NamedPackage(Settings.load(), path: self.package, argument: "package").read()
                print("\(package.identity.name) \(package.identity.version), sha256 \(package.identity.digest)")
                print("networks: " + package.networkFiles.joined(separator: ", "))
                print("mean Dice by the sequences given: WT / TC / ET (patients)")
                for sequences in MRISequence.subsets {
                    let names = sequences.map(\.displayName).joined(separator: " + ")
                    let measured = package.measuredDice(with: sequences)
                    let dice = measured.map { "\(ModelsCommand.dice($0)) (\($0.patients))" } ?? "not measured"
                    print("  " + names.padding(toLength: 26, withPad: " ", startingAt: 0) + dice)
                }
            }
        }
    }

    /// Exits with 0 if every file matches its digest in `model.json`, otherwise with 78.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify the digests of a package's files and compile its networks.")

        @Argument(help: "Package folder; default: SEGMENTATION_MODEL_PATH.") var package: String?

        func run() throws {
            try Terminal.complaining {
                let package = try NamedPackage(Settings.load(), path: self.package, argument: "package").read()
                _ = try package.precisions.map { try ModelSegmenter(package, precision: $0) }
                print("\(package.identity.name) \(package.identity.version) is valid.")
            }
        }
    }

    private static func packages(in folder: URL) throws -> [URL] {
        let found = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let packages = (found ?? []).filter {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent("model.json").path)
        }
        guard !packages.isEmpty else {
            throw ImagingError(.invalidModel, "No model package found. Specify the folder of packages.")
        }
        return packages.sorted { $0.path < $1.path }
    }

    private static func dice(_ measured: MeasuredDice) -> String {
        TumourRegion.allCases.map { region in measured.dice[region].map { String(format: "%.3f", $0) } ?? "-" }
            .joined(separator: " / ")
    }
}
