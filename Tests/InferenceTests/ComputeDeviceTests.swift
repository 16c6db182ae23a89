import Foundation
import Imaging
import Synchronization
import Testing

@testable import Inference

/// `MODEL_DEVICE` on a machine without a GPU and with the CPU-only wheel of ONNX Runtime.
struct ComputeDeviceTests {
    private static let file = StudyPhantom.package.appendingPathComponent("locate.onnx")
    private static let hasNoNVIDIA = !FileManager.default.fileExists(atPath: "/proc/driver/nvidia")
    private static let hasNoGraphics = !FileManager.default.fileExists(atPath: "/dev/dri")

    private func refusal(_ body: () throws -> Void) -> ImagingError? {
        #expect(throws: ImagingError.self, performing: body)
    }

    @Test func theSettingIsOneOfFourWords() throws {
        #expect(try ComputeDevice(setting: nil) == .cpu)
        #expect(try ComputeDevice(setting: "") == .cpu)
        #expect(try ComputeDevice.allCases.map { try ComputeDevice(setting: $0.rawValue) } == ComputeDevice.allCases)
        let error = refusal { _ = try ComputeDevice(setting: "tpu") }
        #expect(error?.message == "MODEL_DEVICE must be one of cpu, gpu, cuda, auto.")
    }

    @Test func aMissingLibraryIsNamed() {
        let compiler = NetworkCompiler(.cuda, onnxRuntime: URL(fileURLWithPath: "/nowhere/libonnxruntime.so"))
        for error in [refusal { try compiler.checkDevice() }, refusal { _ = try compiler.compile([Self.file]) }] {
            #expect(error?.code == .invalidModel)
            #expect(error?.message.hasPrefix("MODEL_DEVICE=cuda: no NVIDIA GPU can be used: the library") == true)
            #expect(error?.message.contains("ONNXRUNTIME_LIBRARY names cannot be loaded (libonnxruntime.so: ") == true)
            #expect(error?.message.hasSuffix("or set MODEL_DEVICE to auto or cpu.") == true)
            #expect(error?.message.contains("nowhere") == false)
        }
    }

    @Test func anotherLibraryIsNamed() {
        let other = StudyPhantom.package.appendingPathComponent("../../.deps/openvino/lib/libopenvino_c.so")
        let compiler = NetworkCompiler(.cuda, onnxRuntime: other)
        #expect(refusal { try compiler.checkDevice() }?.message.contains("is not ONNX Runtime's") == true)
    }

    @Test(.enabled(if: hasNoNVIDIA)) func aLibraryWithoutCUDAIsNamed() {
        for error in [
            refusal { try NetworkCompiler(.cuda).checkDevice() },
            refusal { _ = try NetworkCompiler(.cuda).compile([Self.file]) },
        ] {
            #expect(error?.code == .invalidModel)
            #expect(error?.message.contains("cannot use CUDA (CUDA execution provider is not enabled") == true)
            #expect(error?.message.contains("install NVIDIA's driver, CUDA, cuDNN and onnxruntime-gpu") == true)
        }
    }

    @Test(.enabled(if: hasNoGraphics)) func missingGraphicsAreNamed() {
        for error in [
            refusal { try NetworkCompiler(.gpu).checkDevice() },
            refusal { _ = try NetworkCompiler(.gpu).compile([Self.file]) },
        ] {
            #expect(
                error?.message
                    == "MODEL_DEVICE=gpu: no Intel GPU can be used: OpenVINO finds none; install Intel's OpenCL driver "
                    + "(intel-opencl-icd), or set MODEL_DEVICE to auto or cpu.")
        }
    }

    @Test(.enabled(if: hasNoNVIDIA && hasNoGraphics)) func autoFallsBackAndNamesWhy() throws {
        let said = Mutex([String]())
        let compiler = NetworkCompiler(.auto) { reason in said.withLock { $0.append(reason) } }
        try compiler.checkDevice()
        let segmenter = try ModelSegmenter(ModelPackage(folder: StudyPhantom.package), compiler: compiler)
        #expect(segmenter.device == "cpu")
        let reasons = said.withLock { $0 }
        #expect(reasons.count == 1)
        #expect(reasons.first?.hasPrefix("no NVIDIA GPU can be used: ONNX Runtime ") == true)
        #expect(
            reasons.first?.hasSuffix("no Intel GPU can be used: OpenVINO finds none; MODEL_DEVICE=auto takes cpu.")
                == true)
    }

    /// The overhead of `auto` without a GPU: two checks.
    @Test(.enabled(if: hasNoNVIDIA && hasNoGraphics)) func lookingForAbsentDevicesTakesNoTime() throws {
        let times = (0..<5).map { _ in
            ContinuousClock().measure {
                for device in [ComputeDevice.cuda, .gpu] { _ = refusal { try NetworkCompiler(device).checkDevice() } }
            }
        }
        #expect(try #require(times.min()) < .milliseconds(100))
    }

    @Test func aBrokenNetworkIsTheNetworksFaultUnderAuto() {
        let file = StudyPhantom.package.appendingPathComponent("MODEL_CARD.md")
        let error = refusal { _ = try NetworkCompiler(.auto).compile([file]) }
        #expect(error?.message == "OpenVINO cannot read the package's network.")
    }

    @Test func pathsAreLeftOut() {
        let absence = DeviceAbsence(
            "no", saying: "src/core/bridge.cc:1539 Failed to load \n /opt/x/libcuda.so: no \"/a/b\"")
        #expect(absence.reason == "no (bridge.cc:1539 Failed to load libcuda.so: no \"b\")")
    }
}
