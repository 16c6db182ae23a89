import Foundation
import TestSupport
import Testing

/// `neuroai models` from the command line.
@Suite(.serialized, .enabled(if: Program.isBuilt && Program.hasModel, "no built program or no model package"))
struct ModelsCommandTests {
    private struct ServerFixture {
        let folder: URL
        var root: URL { folder.appendingPathComponent("models") }

        /// A second package: the committed one with another version.
        func addPackage() throws {
            try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
            let copy = root.appendingPathComponent("next")
            try FileManager.default.copyItem(at: Program.root.appendingPathComponent("models/unet"), to: copy)
            let json = copy.appendingPathComponent("model.json")
            let text = try String(contentsOf: json, encoding: .utf8)
            try text.replacing(/"version": "[^"]*"/) { _ in "\"version\": \"9.9.9\"" }
                .write(to: json, atomically: true, encoding: .utf8)
        }

        func models(_ arguments: String...) async throws -> (code: Int32?, said: String) {
            let log = folder.appendingPathComponent("log-\(UUID().uuidString)")
            let environment = [
                "MODELS_ROOT": root.path, "MEDIA_ROOT": folder.appendingPathComponent("media").path,
                "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3",
            ]
            let process = try Program.start(["models"] + arguments, environment: environment, log: log)
            let hasEnded = await process.waitForEnd(60)
            return (hasEnded ? process.exitCode : nil, try String(contentsOf: log, encoding: .utf8))
        }
    }

    @Test func aPackageIsActivatedAndRolledBack() async throws {
        try await TemporaryFolder.with { folder in
            let site = ServerFixture(folder: folder)
            try site.addPackage()
            #expect(try await site.models("list", "--folder", site.root.path).said.contains("9.9.9"))
            let nothing = try await site.models("rollback")
            #expect(nothing.code == 65 && nothing.said.contains("No model has been activated."))
            let unknown = try await site.models("activate", "another")
            #expect(unknown.code == 65 && unknown.said.contains("Model not found"))
            let activated = try await site.models("activate", "unet 9.9.9")
            #expect(activated.code == 0 && activated.said.contains("unet 9.9.9 is active."))
            let back = try await site.models("rollback")
            #expect(back.code == 0 && back.said.contains("1 institution reactivated the previous model"))
        }
    }

    @Test func anImportSaysWhatIsWrongAndLeavesNothing() async throws {
        try await TemporaryFolder.with { folder in
            let site = ServerFixture(folder: folder)
            let missing = try await site.models("import", folder.appendingPathComponent("mome_plus.pth").path)
            #expect(missing.code == 74 && missing.said.contains("There is no file or folder"))
            let unnamed = try await site.models("import", folder.path, "--name", "../up")
            #expect(unnamed.code == 65 && unnamed.said.contains("--name"))
            let empty = folder.appendingPathComponent("empty")
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
            // 78 if the importer's Python is not installed; the message says how to install it.
            let nothing = try await site.models("import", empty.path)
            #expect(
                [65, 78].contains(nothing.code)
                    && nothing.said.contains(nothing.code == 78 ? "make importer" : "holds no"))
            #expect(!FileManager.default.fileExists(atPath: site.root.path))
        }
    }
}
