import ArgumentParser
import Foundation
import Imaging
import Inference
import Subprocess

extension ModelsCommand {
    /// Imports a third-party network as a package. The conversion itself is in Python (`training/importing`).
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import a MoME+ checkpoint, a MONAI bundle or an nnU-Net v2 export as a package.",
            discussion: """
                PATH is one of MoME+'s checkpoint files or their folder, a MONAI bundle, or an nnU-Net v2 results folder with \
                plans.json, dataset.json and fold_0; a .zip of any of them works too. The package is written to a folder below MODELS_ROOT, without accuracy figures until \
                `make evaluate` has measured them. It is used once it is activated.
                """)

        @Argument(help: "Checkpoint, bundle or export to import.") var path: String
        @Option(help: "Package name; default: name of the file or folder.") var name: String?
        @Option(help: "Meaning of MoME+'s three classes if its files do not state it, such as ED,NCR,ET.") var classes:
            String?

        private static let python = ".deps/training/bin/python"
        private static let script = "training/importing/import_model.py"

        func run() async throws {
            let name = try packageName()
            let folder = try Settings.load().modelsRoot.appendingPathComponent(name, isDirectory: true)
            guard !FileManager.default.fileExists(atPath: folder.path) else {
                throw ImagingError(.unsupportedImage, "A package \(name) already exists. Choose another --name.")
            }
            try OutputFolder(option: "MODELS_ROOT", path: folder.path).checkWritable([])
            try await convert(name, into: folder)
            let package = try ModelPackage(folder: folder)
            _ = try ModelSegmenter(package)
            print(
                "\(package.identity.name) \(package.identity.version) imported to \(folder.path). Activate it with `neuroai models activate \(name)`."
            )
        }

        /// Letters, digits, `-`, `_` and `.`, so that the name can be used for a folder.
        private func packageName() throws -> String {
            let text = name ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            guard text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,63}/) != nil else {
                throw ImagingError(
                    .unsupportedImage,
                    "Package names may contain only letters, digits, dots, - and _. Set one with --name.")
            }
            return text
        }

        private func convert(_ name: String, into folder: URL) async throws {
            let files = FileManager.default
            guard files.fileExists(atPath: path) else {
                throw FileError("There is no file or folder \(path).")
            }
            guard files.isExecutableFile(atPath: Self.python), files.fileExists(atPath: Self.script) else {
                throw SettingsError(
                    "The importer is not installed. Run `make importer` in the project folder, then repeat the command there."
                )
            }
            let ended = try await Subprocess.run(
                .path(.init(Self.python)),
                arguments: Arguments(
                    [Self.script, path, "--out", folder.path, "--name", name]
                        + (classes.map { ["--classes", $0] } ?? [])),
                input: .currentStandardInput, output: .currentStandardError, error: .currentStandardError)
            switch ended.terminationStatus {
            case .exited(0): break
            case .exited(let code), .signaled(let code): throw ExitCode(code)
            }
        }
    }
}
