import Foundation
import Imaging
import Inference
import Kernel
import Logging
import Storage

/// The settings, read once at startup from the environment and from `.env` in the working directory.
/// `SettingsCatalogue` lists them.
struct Settings: Sendable {
    let databaseURL: DatabaseURL
    let mediaRoot: URL
    /// The default model package.
    let modelPath: URL
    /// The folder of model packages that can be activated.
    let modelsRoot: URL
    let modelPrecision: ModelPrecision
    let modelDevice: ComputeDevice
    /// The atlas with the lobe labels.
    let atlasPath: URL
    private let values: [String: String]

    /// - Throws: `SettingsError` for the first invalid value.
    init(_ values: [String: String]) throws {
        for setting in SettingsCatalogue.all {
            guard let text = values[setting.name], !text.isEmpty, let fault = setting.fault(in: text) else { continue }
            throw SettingsError(fault)
        }
        self.values = values
        func text(_ name: String) -> String { Self.text(name, values) ?? "" }
        func folder(_ name: String) -> URL { URL(fileURLWithPath: text(name), isDirectory: true) }
        databaseURL = try DatabaseURL(text("DATABASE_URL"))
        mediaRoot = folder("MEDIA_ROOT")
        modelPath = folder("SEGMENTATION_MODEL_PATH")
        modelsRoot = folder("MODELS_ROOT")
        modelPrecision = ModelPrecision(rawValue: text("MODEL_PRECISION").lowercased()) ?? .f32
        modelDevice = try ComputeDevice(setting: text("MODEL_DEVICE"))
        atlasPath = folder("ATLAS_PATH")
    }

    /// The settings of this process.
    static func load() throws -> Settings {
        let source = SettingsSource.present()
        if let fault = source.secretFileFaults.first { throw SettingsError(fault) }
        return try Settings(source.values)
    }

    /// A setting's value or its default; `nil` if it has neither.
    subscript(_ name: String) -> String? { Self.text(name, values) }

    private static func text(_ name: String, _ values: [String: String]) -> String? {
        if let text = values[name], !text.isEmpty { return text }
        return SettingsCatalogue.find(name)?.effectiveDefault
    }

    /// An integer; the catalogue defines its default and range.
    func number(_ name: String) throws -> Int {
        guard let number = self[name].flatMap({ Int($0) }) else {
            throw SettingsError("\(name) must be a whole number.")
        }
        return number
    }

    /// A number of bytes, optionally with a unit.
    func bytes(_ name: String) throws -> Int64 {
        guard let count = self[name].flatMap({ ByteCount($0) }) else {
            throw SettingsError("\(name) must be a number of bytes or a number with a unit.")
        }
        return count.bytes
    }

    /// A Boolean.
    func flag(_ name: String) -> Bool { self[name].flatMap(Setting.flag) ?? false }

    /// Comma-separated values.
    func list(_ name: String) -> [String] {
        (self[name] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// Whether `HOST` is a loopback address, which only this machine can reach.
    var listensOnLoopback: Bool {
        let host = (self["HOST"] ?? "").lowercased()
        let isAddress = host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { UInt8($0) != nil }
        return ["localhost", "::1"].contains(host) || (isAddress && host.hasPrefix("127."))
    }

    var logLevel: Logger.Level {
        if flag("DEBUG"), (values["LOG_LEVEL"] ?? "").isEmpty { return .debug }
        return self["LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? .info
    }

    /// Rejects a checkpoint in place of a package, which would leave every task without a model.
    ///
    /// - Throws: `SettingsError` with the command to run.
    func checkModelPath() throws {
        guard ["pth", "pt"].contains(modelPath.pathExtension) else { return }
        throw SettingsError(
            "SEGMENTATION_MODEL_PATH is a PyTorch checkpoint. Convert it with `neuroai models import` and set the path of the package."
        )
    }
}

/// An invalid setting.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
