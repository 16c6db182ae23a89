import Foundation
import Kernel
import TestSupport
import Testing

@testable import neuroai

/// Settings as the program reads them.
@Suite struct SettingsTests {
    @Test func anEmptyValueMeansTheDefault() throws {
        let settings = try Settings(["PORT": "", "HOST": "0.0.0.0"])
        #expect(try settings.number("PORT") == 8000)
        #expect(settings["HOST"] == "0.0.0.0")
        #expect(settings["METRICS_TOKEN"] == nil)
    }

    @Test func listsAreTrimmedAndHoldNoEmptyNames() throws {
        let settings = try Settings(["TRUSTED_PROXIES": " 10.0.0.1, ,10.0.0.2 ,"])
        #expect(settings.list("TRUSTED_PROXIES") == ["10.0.0.1", "10.0.0.2"])
        #expect(try Settings([:]).list("TRUSTED_PROXIES").isEmpty)
    }

    @Test func bytesAreReadWithTheirUnit() throws {
        #expect(try Settings(["MAX_UPLOAD_SIZE": "2 GiB"]).bytes("MAX_UPLOAD_SIZE") == 2 << 30)
        #expect(try Settings([:]).bytes("MAX_UPLOAD_SIZE") == 1 << 30)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.8.9.10", true), ("localhost", true), ("LOCALHOST", true), ("::1", true),
        ("0.0.0.0", false), ("128.0.0.1", false), ("127.example.org", false), ("::", false), ("192.168.0.127", false),
    ])
    func loopbackIsThisMachineAlone(_ host: String, _ isLoopback: Bool) throws {
        #expect(try Settings(["HOST": host]).listensOnLoopback == isLoopback)
    }

    @Test func debugLowersTheLevelUnlessOneIsSet() throws {
        #expect(try Settings([:]).logLevel == .info)
        #expect(try Settings(["DEBUG": "true"]).logLevel == .debug)
        #expect(try Settings(["DEBUG": "true", "LOG_LEVEL": "ERROR"]).logLevel == .error)
    }

    @Test func anInstalledProgramHasItsFilesBesideIt() async throws {
        try await TemporaryFolder.with { folder in
            let files = FileManager.default
            let bin = folder.appendingPathComponent("usr/bin")
            try files.createDirectory(at: bin, withIntermediateDirectories: true)
            let program = bin.appendingPathComponent("neuroai")
            try Data().write(to: program)
            #expect(InstalledFiles.folder(of: program) == nil)
            let share = folder.appendingPathComponent("usr/share/neuroai")
            try files.createDirectory(at: share, withIntermediateDirectories: true)
            let link = folder.appendingPathComponent("neuroai")
            try files.createSymbolicLink(at: link, withDestinationURL: program)
            for path in [program, link] {
                #expect(
                    InstalledFiles.folder(of: path)?.resolvingSymlinksInPath().path
                        == share.resolvingSymlinksInPath().path)
            }
            #expect(InstalledFiles.folder(of: nil) == nil)
        }
    }

    @Test(arguments: [
        ("10.0.0.1, 10.42.0.0/16,,fd00::/8", true), ("10.42.0.7/16", false), ("nginx", false),
        ("10.0.0.1 10.0.0.2", false),
    ])
    func proxiesAreAddressesOrNetworks(_ text: String, _ isValid: Bool) throws {
        if isValid {
            _ = try Settings(["TRUSTED_PROXIES": text])
        } else {
            #expect(throws: SettingsError.self) { try Settings(["TRUSTED_PROXIES": text]) }
        }
    }

    @Test func aCheckpointIsNotAPackage() throws {
        for name in ["weights.pth", "weights.pt"] {
            #expect(throws: SettingsError.self) { try Settings(["SEGMENTATION_MODEL_PATH": name]).checkModelPath() }
        }
        try Settings(["SEGMENTATION_MODEL_PATH": "models/unet"]).checkModelPath()
    }

    // MARK: Workers

    @Test func theCommandLineOverridesTheEnvironment() throws {
        let settings = try Settings(["WORKER_CLASSES": "imaging", "WORKER_SLOTS": "3"])
        let fromSettings = try settings.workerSlots()
        #expect(fromSettings.classes == [.imaging])
        #expect(fromSettings.count == 3)
        let fromArguments = try settings.workerSlots(classes: "interactive,training", count: 2)
        #expect(fromArguments.classes == [.interactive, .training])
        #expect(fromArguments.count == 2)
        #expect(try Settings([:]).workerSlots().count == WorkerSlots.usualClasses.count)
    }

    @Test func anErrorNamesWhereTheValueCameFrom() throws {
        let settings = try Settings([:])
        let error = #expect(throws: SettingsError.self) { try settings.workerSlots(classes: "surgery") }
        #expect(error?.description.hasPrefix("--classes ") == true)
        #expect(throws: SettingsError.self) { try settings.workerSlots(count: 0) }
        #expect(throws: SettingsError.self) { try settings.workerSlots(count: 65) }
    }

    @Test func timeLimitsAreMinutes() throws {
        let limits = try Settings(["SEGMENTATION_TIME_LIMIT": "90", "SEGMENTATION_STAGE_TIME_LIMIT": "7"])
            .segmentationLimits()
        #expect(limits.total == .seconds(5400))
        #expect(limits.stage == .seconds(420))
    }
}

/// The formats of `WORKER_MEMORY_LIMIT`.
@Suite struct MemorySizeTests {
    private static let machine: UInt64 = 16 << 30

    @Test(
        arguments: [
            ("0", nil), ("512M", 512 << 20), ("8G", 8 << 30), ("8g", 8 << 30), ("8GB", 8 << 30), ("1T", 1 << 40),
            ("536870912", 536_870_912), ("100%", (16 << 30) / 100 * 100), ("50%", (16 << 30) / 100 * 50),
            // A worker with a loaded model needs 512 MiB, however small its share.
            ("1%", 512 << 20),
        ] as [(String, UInt64?)])
    func sizesAndSharesAreUnderstood(_ text: String, _ bytes: UInt64?) throws {
        #expect(try MemorySize(text).bytes(of: Self.machine) == bytes)
    }

    @Test(arguments: ["", "511M", "1", "0%", "101%", "-1G", "1.5G", "8 G", "8X", "999999999999999T"])
    func anythingElseIsRefused(_ text: String) {
        #expect(throws: SettingsError.self) { try MemorySize(text) }
    }

    @Test func aContainersLimitCounts() {
        #expect(MachineMemory.bytes > 0)
        #expect(MachineMemory.bytes <= ProcessInfo.processInfo.physicalMemory)
    }
}
