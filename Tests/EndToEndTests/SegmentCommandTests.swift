import Foundation
import TestSupport
import Testing

/// `neuroai segment` and `evaluate` from the command line.
@Suite(.serialized, .enabled(if: Program.isBuilt && Program.hasModel, "no built program or no model package"))
struct SegmentCommandTests {
    private func run(_ arguments: [String], log: URL) async throws -> Int32 {
        let process = try Program.start(arguments, environment: [:], log: log)
        #expect(await process.waitForEnd(120))
        return process.exitCode
    }

    @Test func aRunWritesEverythingAndRepeats() async throws {
        try await TemporaryFolder.with { folder in
            let series = folder.appendingPathComponent("flair.nii")
            try HeadPhantom.nifti().write(to: series)
            let log = folder.appendingPathComponent("log")
            let out = folder.appendingPathComponent("out")
            #expect(try await run(["segment", "--flair", series.path, "--out", out.path], log: log) == 0)
            for name in [
                "segmentation.nii.gz", "wt.nii.gz", "tc.nii.gz", "et.nii.gz", "probabilities.nii.gz",
                "flair/segmentation.nii.gz", "result.json", "manifest.json", "report.txt",
                "contours.png",
            ] {
                #expect(FileManager.default.fileExists(atPath: out.appendingPathComponent(name).path), "\(name)")
            }
            let manifest = out.appendingPathComponent("manifest.json").path
            let stages =
                try #require(
                    try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: manifest)))
                        as? [String: Any]
                )["stages"] as? [[String: Any]]
            #expect(stages?.compactMap { $0["name"] as? String }.suffix(4) == ["write", "draw", "result", "digest"])
            let again = folder.appendingPathComponent("again").path
            let repeated = ["segment", "--flair", series.path, "--manifest", manifest, "--json", "--out", again]
            #expect(try await run(repeated, log: log) == 0)
            let journal = try String(contentsOf: log, encoding: .utf8)
            #expect(journal.contains("The outputs are identical"))
            #expect(journal.contains("\"whole_tumor\""))
        }
    }

    @Test func modelPackagesAreListedShownAndVerified() async throws {
        try await TemporaryFolder.with { folder in
            let log = folder.appendingPathComponent("log")
            #expect(try await run(["models", "list"], log: log) == 0)
            #expect(try await run(["models", "show"], log: log) == 0)
            #expect(try await run(["models", "verify"], log: log) == 0)
            let journal = try String(contentsOf: log, encoding: .utf8)
            #expect(journal.contains(" * unet"))
            #expect(journal.contains("T1 + T1CE + T2 + FLAIR"))
            #expect(journal.contains("is valid."))
            let copy = folder.appendingPathComponent("copy")
            try FileManager.default.copyItem(at: Program.root.appendingPathComponent("models/unet"), to: copy)
            try Data("changed".utf8).write(to: copy.appendingPathComponent("MODEL_CARD.md"))
            #expect(try await run(["models", "verify", copy.path], log: log) == 78)
            #expect(try await run(["models", "list", "--folder", folder.path], log: log) == 0)
            #expect(try String(contentsOf: log, encoding: .utf8).contains("MODEL_CARD.md of the model package is not"))
            let nothing = copy.appendingPathComponent("nothing").path
            for command in ["show", "verify"] {
                let ending = try await Program.run(["models", command, nothing], in: folder)
                #expect(ending.code == 78 && ending.said.hasPrefix("package \(nothing): "), "\(ending)")
                #expect(!ending.said.contains("SEGMENTATION_MODEL_PATH"), "\(ending)")
            }
            #expect(try await run(["models", "list", "--folder", nothing], log: log) == 78)
        }
    }

    @Test func badInputEndsWithItsOwnCodes() async throws {
        try await TemporaryFolder.with { folder in
            let text = folder.appendingPathComponent("note.nii")
            try Data("no image".utf8).write(to: text)
            let log = folder.appendingPathComponent("log")
            let out = folder.appendingPathComponent("out").path
            #expect(try await run(["segment", "--t1", text.path, "--out", out], log: log) == 65)
            #expect(try await run(["segment", "--out", out], log: log) == 64)
            #expect(
                try await run(["segment", "--t1", text.path, "--model", folder.path, "--out", out], log: log) == 78)
            #expect(try await run(["evaluate", "--cases", folder.path], log: log) == 65)
            #expect(!FileManager.default.fileExists(atPath: out))
        }
    }

    private struct Refusal {
        let arguments: [String]
        let code: Int32
        let said: String

        init(_ arguments: [String], _ code: Int32, _ said: String) {
            self.arguments = arguments
            self.code = code
            self.said = said
        }
    }

    @Test func whatIsWrongWithAPathIsSaidBeforeAnyWork() async throws {
        try await TemporaryFolder.with { folder in
            let series = folder.appendingPathComponent("flair.nii")
            try HeadPhantom.nifti().write(to: series)
            let file = folder.appendingPathComponent("file").path
            try Data("kept".utf8).write(to: URL(fileURLWithPath: file))
            let mask = folder.appendingPathComponent("wt.nii.gz").path
            try FileManager.default.copyItem(atPath: series.path, toPath: mask)
            let dangling = folder.appendingPathComponent("dangling").path
            try FileManager.default.createSymbolicLink(atPath: dangling, withDestinationPath: "/nowhere/at/all")
            let folders = folder.appendingPathComponent("folders")
            for name in ["result.json", "report.txt"] {
                try FileManager.default.createDirectory(
                    at: folders.appendingPathComponent(name), withIntermediateDirectories: true)
            }
            let wrong = [
                Refusal([series.path, "--out", folder.path + "/out"], 78, "--model /nonexistent: There is no model"),
                Refusal(
                    [series.path, "--manifest", "/no/such", "--out", folder.path + "/out"], 74,
                    "--manifest (/no/such): there is no such file."),
                Refusal([series.path, "--out", file], 74, "file is a file. Name a folder."),
                Refusal([series.path, "--out", file + "/below"], 74, "file is a file. Name a folder."),
                Refusal([series.path, "--out", "/proc/nowhere/out"], 74, "no folder can be made in /proc."),
                Refusal([series.path, "--out", dangling], 74, "no folder can be made"),
                Refusal([series.path, "--out", String(repeating: "a", count: 300)], 74, "no folder can be made"),
                Refusal(["/dev/null", "--out", folder.path + "/out"], 74, "this is a device or a pipe, not a file."),
                Refusal([series.path, "--out", folders.path], 74, "is a folder where a file is to be written"),
                Refusal([mask, "--out", folder.path], 64, "--flair would be overwritten by wt.nii.gz"),
                Refusal([series.path, "--t1", series.path, "--out", folder.path], 64, "name the same file"),
                Refusal(["/no/such", "--out", folder.path + "/out"], 74, "FLAIR (/no/such): there is no such file."),
                Refusal([folder.path, "--out", folder.path + "/out"], 74, "this is a folder, not a file."),
                Refusal(
                    [series.path, "--manifest", file, "--out", folder.path + "/out"], 65, "manifest cannot be read"),
            ]
            for refusal in wrong {
                // A missing model exits with 78; the others are reported before the model is loaded.
                let ending = try await Program.run(
                    ["segment", "--model", "/nonexistent", "--flair"] + refusal.arguments, in: folder)
                #expect(
                    ending.code == refusal.code && ending.said.contains(refusal.said),
                    "\(refusal.arguments): \(ending)")
            }
            let none = try await Program.run(["evaluate", "--model", "/no", "--cases", "/no"], in: folder)
            #expect(none.code == 74 && none.said.contains("there is no folder /no"), "\(none)")
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "kept")
        }
    }

    @Test func anErrorNamesTheSeriesAndItsFile() async throws {
        try await TemporaryFolder.with { folder in
            let series = folder.appendingPathComponent("flair.nii")
            try HeadPhantom.nifti().write(to: series)
            let cut = folder.appendingPathComponent("t2.nii")
            try HeadPhantom.nifti(brightness: 9).prefix(100_000).write(to: cut)
            let arguments = ["segment", "--flair", series.path, "--t2", cut.path, "--out", folder.path + "/out"]
            let ending = try await Program.run(arguments, in: folder)
            #expect(ending.code == 65 && ending.said.contains("T2 (\(cut.path)): "), "\(ending)")
        }
    }

    @Test func oneUnreadableCaseKeepsNoOtherFromItsRow() async throws {
        try await TemporaryFolder.with { folder in
            let image = HeadPhantom.nifti()
            for (name, series) in [("a", image), ("b", image.prefix(100_000)), ("c", image)] {
                let item = folder.appendingPathComponent("cases/\(name)")
                try FileManager.default.createDirectory(at: item, withIntermediateDirectories: true)
                try series.write(to: item.appendingPathComponent("flair.nii.gz"))
                try Self.labels(of: image).write(to: item.appendingPathComponent("seg.nii.gz"))
            }
            let ending = try await Program.run(
                ["evaluate", "--cases", folder.appendingPathComponent("cases").path], in: folder)
            #expect(ending.code == 65, "\(ending)")
            let lines = ending.said.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("b: flair.nii.gz: ") }, "\(ending)")
            #expect(lines.contains { $0.hasPrefix("a ") } && lines.contains { $0.hasPrefix("c ") }, "\(ending)")
            #expect(lines.contains { $0.hasPrefix("mean of 2") }, "\(ending)")
            #expect(lines.contains("1 of 3 cases could not be evaluated."), "\(ending)")
        }
    }

    /// The phantom's bright ball as an expert mask of integers.
    private static func labels(of image: Data) -> Data {
        let image = Data(image)
        var labels = image.prefix(352)
        for offset in stride(from: 352, to: image.count, by: 4) {
            let value = image.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Float.self) }
            withUnsafeBytes(of: Float(value > 800 ? 2 : 0)) { labels.append(contentsOf: $0) }
        }
        return Data(labels)
    }

    @Test(.enabled(if: SharedCases.validation != nil, "no real cases: put them beside the checkout as ../shared/cases"))
    func wholeTumourOfRealPatientsReachesTheBar() async throws {
        let cases = try #require(SharedCases.validation)
        try await TemporaryFolder.with { folder in
            let log = folder.appendingPathComponent("log")
            let process = try Program.start(["evaluate", "--cases", cases.path], environment: [:], log: log)
            #expect(await process.waitForEnd(400))
            let last = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").last ?? ""
            let numbers = last.split(separator: " ").compactMap { Double($0) }
            #expect(numbers.count == 4, "\(last)")
            #expect(numbers.dropFirst().first ?? 0 >= 0.8, "\(last)")
        }
    }
}

/// Real patients' cases, if they are next to the checkout.
enum SharedCases {
    static let validation: URL? = {
        let named = ProcessInfo.processInfo.environment["NEUROAI_SHARED"].map { URL(fileURLWithPath: $0) }
        let shared = named ?? Program.root.deletingLastPathComponent().appendingPathComponent("shared")
        let folder = shared.appendingPathComponent("cases/validation")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()
}
