import Features
import Foundation
import Imaging
import Inference
import Logging
import Synchronization

/// The model packages of this machine: those below `MODELS_ROOT` and the one that `SEGMENTATION_MODEL_PATH` names.
final class ModelRegistry: Sendable {
    /// Compiled networks take memory; two models cover a change of models while tasks still run.
    private static let mostLoaded = 2

    private let settings: Settings
    private let logger: Logger
    private let known = Mutex([URL: Known]())
    private let loaded = Mutex([Loaded]())

    /// A package as it was read, and when its `model.json` was written.
    private struct Known {
        let written: Date
        let package: ModelPackage
    }

    private struct Loaded {
        let digest: String
        let engine: SegmentationEngine
        let seconds: Double
    }

    init(_ settings: Settings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// The folders that hold a `model.json`.
    static func folders(_ settings: Settings) -> [URL] {
        let root = settings.modelsRoot
        let below = (try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)) ?? []
        let all = Set((below + [settings.modelPath]).map { $0.standardizedFileURL.resolvingSymlinksInPath().path })
        return all.sorted().map { URL(fileURLWithPath: $0, isDirectory: true) }
            .filter { FileManager.default.fileExists(atPath: $0.appendingPathComponent("model.json").path) }
    }

    var installed: InstalledModels {
        InstalledModels(
            list: { self.packages().map(InstalledModel.init) },
            defaultModel: { (try? self.package(at: self.settings.modelPath))?.identity })
    }

    var engines: SegmentationEngines { SegmentationEngines { try self.engine($0) } }

    /// The model that was used last, and how long it took to load.
    var lastLoaded: WorkerPresence.LoadedModel? {
        // While another one loads, nothing is known for a moment; whoever asks must not wait for that.
        (loaded.withLockIfAvailable { $0.last } ?? nil).map {
            .init(identity: $0.engine.model, loadSeconds: $0.seconds)
        }
    }

    /// Loads the default, so that the first task does not wait for it; without one tasks fail with the reason.
    func warmUp() {
        do {
            _ = try engine(nil)
        } catch {
            logger.error("no usable segmentation model", metadata: ["reason": "\(error)"])
        }
    }

    private func packages() -> [ModelPackage] {
        Self.folders(settings).compactMap { folder in
            do {
                return try package(at: folder)
            } catch {
                logger.warning(
                    "model package skipped",
                    metadata: ["package": "\(folder.lastPathComponent)", "reason": "\(error)"])
                return nil
            }
        }
    }

    /// Digests are compared once for each `model.json`, and again when the package is loaded.
    private func package(at folder: URL) throws -> ModelPackage {
        let json = folder.appendingPathComponent("model.json").path
        let written = (try? FileManager.default.attributesOfItem(atPath: json))?[.modificationDate] as? Date
        let key = folder.standardizedFileURL
        if let written, let found = known.withLock({ $0[key] }), found.written == written { return found.package }
        let package = try ModelPackage(folder: folder)
        if let written { known.withLock { $0[key] = Known(written: written, package: package) } }
        return package
    }

    private func engine(_ digest: String?) throws -> SegmentationEngine {
        let folder = try folder(digest)
        let wanted = try package(at: folder).identity.digest
        // Held while a model loads: two jobs that need the same one load it once.
        return try loaded.withLock { loaded in
            if let index = loaded.firstIndex(where: { $0.digest == wanted }) {
                let found = loaded.remove(at: index)
                loaded.append(found)
                return found.engine
            }
            let begun = ContinuousClock.now
            let pipeline = try SegmentationPipeline.installed(settings, model: folder) { [logger] reason in
                logger.notice("the model runs on another device", metadata: ["reason": "\(reason)"])
            }
            let engine = SegmentationEngine(pipeline, .default)
            if loaded.count >= Self.mostLoaded { loaded.removeFirst() }
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            logger.info("model loaded", metadata: ["model": "\(engine.model.name)", "seconds": "\(seconds)"])
            loaded.append(Loaded(digest: wanted, engine: engine, seconds: seconds))
            return engine
        }
    }

    private func folder(_ digest: String?) throws -> URL {
        guard let digest else {
            guard (try? package(at: settings.modelPath)) != nil else {
                throw ImagingError(
                    .invalidModel, "No segmentation model is installed. Set SEGMENTATION_MODEL_PATH.")
            }
            return settings.modelPath
        }
        guard let found = packages().first(where: { $0.identity.digest == digest }) else {
            throw SegmentationEngines.notInstalled
        }
        return found.folder
    }
}

extension InstalledModel {
    fileprivate init(_ package: ModelPackage) {
        self.init(
            identity: package.identity, architecture: package.architecture, requiredSequences: package.required,
            measured: MRISequence.subsets.compactMap { sequences in
                package.measuredDice(with: sequences).map { Measurement(sequences: sequences, $0) }
            })
    }
}
