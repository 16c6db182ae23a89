import Foundation
import Imaging
import Inference
import Logging
import Storage

/// What the operator has decided, read once at the start from the environment and from `.env` in the working folder;
/// the environment wins.
struct Settings: Sendable {
    /// `DATABASE_URL` (default `sqlite:///db.sqlite3`).
    let databaseURL: DatabaseURL
    /// `MEDIA_ROOT` (default `./media`): where images and masks are kept.
    let mediaRoot: URL
    /// `SEGMENTATION_MODEL_PATH` (default `models/mome`): the model package.
    let modelPath: URL
    /// `MODELS_ROOT` (default `models`): the folder of the packages that can be activated.
    let modelsRoot: URL
    /// `MODEL_PRECISION` (default `f32`): `f32` or `int8`.
    let modelPrecision: ModelPrecision
    /// `MODEL_DEVICE` (default `cpu`): `cpu`, `gpu`, `cuda` or `auto`.
    let modelDevice: ComputeDevice
    /// `ATLAS_PATH` (default where Debian's `mricron-data` lies): the atlas that names lobes.
    let atlasPath: URL
    /// `LOG_LEVEL` (default `info`).
    let logLevel: Logger.Level
    private let values: [String: String]

    init(_ values: [String: String]) throws {
        self.values = values
        databaseURL = try DatabaseURL(values["DATABASE_URL"] ?? "sqlite:///db.sqlite3")
        mediaRoot = URL(fileURLWithPath: values["MEDIA_ROOT"] ?? "./media", isDirectory: true)
        modelPath = URL(fileURLWithPath: values["SEGMENTATION_MODEL_PATH"] ?? "models/mome", isDirectory: true)
        modelsRoot = URL(fileURLWithPath: values["MODELS_ROOT"] ?? "models", isDirectory: true)
        modelPrecision = try Self.precision(values["MODEL_PRECISION"])
        modelDevice = try Self.device(values["MODEL_DEVICE"])
        atlasPath = values["ATLAS_PATH"].map { URL(fileURLWithPath: $0, isDirectory: true) } ?? AtlasSource.debian
        logLevel = values["LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? .info
    }

    /// Another setting by its name, where it is set and not empty.
    subscript(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func precision(_ text: String?) throws -> ModelPrecision {
        guard let text, !text.isEmpty else { return .f32 }
        guard let precision = ModelPrecision(rawValue: text) else {
            throw SettingsError("MODEL_PRECISION must be f32 or int8.")
        }
        return precision
    }

    private static func device(_ text: String?) throws -> ComputeDevice {
        do {
            return try ComputeDevice(setting: text)
        } catch let error as ImagingError {
            throw SettingsError(error.message)
        }
    }

    /// The settings of this process.
    static func load() throws -> Settings {
        let environment = ProcessInfo.processInfo.environment
        let file = (try? String(contentsOfFile: ".env", encoding: .utf8)) ?? ""
        return try Settings(parse(file).merging(environment) { $1 })
    }

    /// Reads `NAME=value` lines; `#` begins a comment line, quotes around a value are dropped.
    static func parse(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !line.hasPrefix("#") else { continue }
            var value = parts[1].trimmingCharacters(in: .whitespaces)
            for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
                value = String(value.dropFirst().dropLast())
            }
            values[parts[0].trimmingCharacters(in: .whitespaces)] = value
        }
        return values
    }
}
