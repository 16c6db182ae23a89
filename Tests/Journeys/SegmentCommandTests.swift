import Foundation
import TestSupport
import Testing

/// `neuroai segment` and `evaluate`, as their users run them.
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
            let again = folder.appendingPathComponent("again").path
            let repeated = ["segment", "--flair", series.path, "--manifest", manifest, "--json", "--out", again]
            #expect(try await run(repeated, log: log) == 0)
            let journal = try String(contentsOf: log, encoding: .utf8)
            #expect(journal.contains("same bit by bit"))
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
            #expect(journal.contains("is whole."))
            let copy = folder.appendingPathComponent("copy")
            try FileManager.default.copyItem(at: Program.root.appendingPathComponent("models/unet"), to: copy)
            try Data("changed".utf8).write(to: copy.appendingPathComponent("MODEL_CARD.md"))
            #expect(try await run(["models", "verify", copy.path], log: log) == 78)
            #expect(try await run(["models", "list", "--folder", folder.path], log: log) == 0)
            #expect(try String(contentsOf: log, encoding: .utf8).contains("MODEL_CARD.md of the model package is not"))
            let nothing = copy.appendingPathComponent("nothing").path
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

/// Real patients' cases, where they lie beside the checkout.
enum SharedCases {
    static let validation: URL? = {
        let named = ProcessInfo.processInfo.environment["NEUROAI_SHARED"].map { URL(fileURLWithPath: $0) }
        let shared = named ?? Program.root.deletingLastPathComponent().appendingPathComponent("shared")
        let folder = shared.appendingPathComponent("cases/validation")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()
}
