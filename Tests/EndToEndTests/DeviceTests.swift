import Foundation
import TestSupport
import Testing

/// `MODEL_DEVICE` on a machine without that device.
@Suite(.serialized, .enabled(if: Program.isBuilt && Program.hasModel, "no built program or no model package"))
struct DeviceTests {
    /// The exit code and the output; the code is `nil` if the process is still running after the timeout.
    private func run(
        _ arguments: [String], device: String, in folder: URL
    ) async throws -> (code: Int32?, said: String) {
        let log = folder.appendingPathComponent("log-\(UUID().uuidString)")
        let environment = [
            "MODEL_DEVICE": device, "ONNXRUNTIME_LIBRARY": "/nonexistent/libonnxruntime.so",
            "MEDIA_ROOT": folder.appendingPathComponent("media").path, "PORT": "18471",
            "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3",
        ]
        let process = try Program.start(arguments, environment: environment, log: log)
        let hasEnded = await process.waitForEnd(60)
        return (hasEnded ? process.exitCode : nil, try String(contentsOf: log, encoding: .utf8))
    }

    @Test(arguments: ["serve", "worker"]) func anAbsentDeviceEndsTheStart(_ command: String) async throws {
        try await TemporaryFolder.with { folder in
            let (code, said) = try await run([command], device: "cuda", in: folder)
            #expect(code == 78)
            #expect(said.contains("MODEL_DEVICE=cuda: no NVIDIA GPU can be used"))
            #expect(said.contains("set MODEL_DEVICE to auto or cpu"))
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("db.sqlite3").path))
        }
    }

    @Test func anUnknownWordEndsTheStart() async throws {
        try await TemporaryFolder.with { folder in
            let (code, said) = try await run(["worker"], device: "tpu", in: folder)
            #expect(code == 78)
            #expect(said.contains("MODEL_DEVICE must be one of cpu, gpu, cuda, auto."))
        }
    }

    @Test func autoSegmentsOnTheProcessorAndSaysWhy() async throws {
        try await TemporaryFolder.with { folder in
            let series = folder.appendingPathComponent("flair.nii")
            try HeadPhantom.nifti().write(to: series)
            let out = folder.appendingPathComponent("out")
            let arguments = ["segment", "--flair", series.path, "--out", out.path]
            #expect(try await run(arguments, device: "cuda", in: folder).code == 78)
            let (code, said) = try await run(arguments, device: "auto", in: folder)
            #expect(code == 0)
            #expect(said.contains("the library that ONNXRUNTIME_LIBRARY names cannot be loaded"))
            let manifest = out.appendingPathComponent("manifest.json")
            guard said.contains("MODEL_DEVICE=auto takes cpu.") else { return }
            #expect(try String(contentsOf: manifest, encoding: .utf8).contains("\"device\" : \"cpu\""))
        }
    }
}
