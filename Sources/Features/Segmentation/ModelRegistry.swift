import Basics
import Foundation
import Imaging
import Logging
import Synchronization

/// The model packages of a machine and the engines of the most recently used ones.
///
/// Reading a package and compiling its networks require the runtimes of `Inference`, on which this module does not
/// depend: both are passed in as closures.
package final class ModelRegistry: Sendable {
    /// Compiled networks take memory. Two models are enough to switch models while tasks are still running.
    private static let mostLoaded = 2

    private let root: URL
    private let defaultFolder: URL
    private let read: @Sendable (_ folder: URL) throws -> InstalledModel
    private let load: @Sendable (_ folder: URL) throws -> SegmentationEngine
    private let logger: Logger
    private let known = Mutex([URL: Known]())
    /// Held while a model loads: two jobs that need the same model load it once, and models load one at a time.
    private let loading = Mutex(())
    /// Ordered by last use, most recent last. Locked only briefly, so that using one model never waits for another to
    /// load.
    private let loaded = Mutex([Loaded]())

    /// A package's metadata and the modification date of its `model.json`.
    private struct Known {
        let written: Date
        let model: InstalledModel
    }

    /// A model in memory.
    package struct Loaded: Sendable {
        let engine: SegmentationEngine
        package let seconds: Double

        package var identity: ModelIdentity { engine.model }
    }

    /// - Parameters:
    ///   - root: the folder that contains one folder per package.
    ///   - defaultFolder: the operator's default package, below `root` or elsewhere.
    ///   - read: returns the model of a package after verifying its files.
    ///   - load: blocks while it compiles; throws if the package or the device can't be used.
    package init(
        root: URL, defaultFolder: URL, logger: Logger,
        read: @escaping @Sendable (_ folder: URL) throws -> InstalledModel,
        load: @escaping @Sendable (_ folder: URL) throws -> SegmentationEngine
    ) {
        self.root = root
        self.defaultFolder = defaultFolder
        self.logger = logger
        self.read = read
        self.load = load
    }

    package var installed: InstalledModels {
        InstalledModels(
            list: { self.packages().map(\.model) },
            defaultModel: { (try? self.model(at: self.defaultFolder))?.identity })
    }

    package var engines: SegmentationEngines { SegmentationEngines { try self.engine($0) } }

    /// The most recently used model, and how long it took to load.
    package var lastLoaded: Loaded? { loaded.withLock { $0.last } }

    /// Loads the default model, so that the first task does not wait for it. If that fails, tasks fail with the reason.
    package func warmUp() {
        do {
            _ = try engine(nil)
        } catch {
            logger.error("no usable segmentation model", metadata: ["reason": "\(error)"])
        }
    }

    /// The folders that contain a `model.json`.
    private func folders() -> [URL] {
        let below = (try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)) ?? []
        let all = Set((below + [defaultFolder]).map { $0.standardizedFileURL.resolvingSymlinksInPath().path })
        return all.sorted().map { URL(fileURLWithPath: $0, isDirectory: true) }
            .filter { FileManager.default.fileExists(atPath: $0.appendingPathComponent("model.json").path) }
    }

    private func packages() -> [(folder: URL, model: InstalledModel)] {
        folders().compactMap { folder in
            do {
                return (folder, try model(at: folder))
            } catch {
                logger.warning(
                    "model package skipped",
                    metadata: ["package": "\(folder.lastPathComponent)", "reason": "\(error)"])
                return nil
            }
        }
    }

    /// Digests are verified once per `model.json`, and again when the package is loaded.
    private func model(at folder: URL) throws -> InstalledModel {
        let json = folder.appendingPathComponent("model.json").path
        let written = (try? FileManager.default.attributesOfItem(atPath: json))?[.modificationDate] as? Date
        let key = folder.standardizedFileURL
        if let written, let found = known.withLock({ $0[key] }), found.written == written { return found.model }
        let model = try read(folder)
        if let written { known.withLock { $0[key] = Known(written: written, model: model) } }
        return model
    }

    private func engine(_ digest: String?) throws -> SegmentationEngine {
        let package = try package(digest)
        let wanted = package.model.identity.digest
        if let found = use(wanted) { return found }
        return try loading.withLock { _ in
            if let found = use(wanted) { return found }
            let begun = ContinuousClock.now
            let engine = try load(package.folder)
            // The package may have been replaced since it was read.
            guard digest == nil || engine.model.digest == digest else { throw SegmentationEngines.notInstalled }
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            logger.info("model loaded", metadata: ["model": "\(engine.model.name)", "seconds": "\(seconds)"])
            loaded.withLock { loaded in
                // Evict only after loading succeeded, so that a model that fails to load evicts nothing.
                if loaded.count >= Self.mostLoaded { loaded.removeFirst() }
                loaded.append(Loaded(engine: engine, seconds: seconds))
            }
            return engine
        }
    }

    /// The engine of the model with this digest, if loaded. Marks it as most recently used.
    private func use(_ digest: String) -> SegmentationEngine? {
        loaded.withLock { loaded in
            guard let index = loaded.firstIndex(where: { $0.identity.digest == digest }) else { return nil }
            let found = loaded.remove(at: index)
            loaded.append(found)
            return found.engine
        }
    }

    private func package(_ digest: String?) throws -> (folder: URL, model: InstalledModel) {
        guard let digest else {
            guard let model = try? model(at: defaultFolder) else {
                throw ImagingError(
                    .invalidModel, "No segmentation model is installed. Set SEGMENTATION_MODEL_PATH.")
            }
            return (defaultFolder, model)
        }
        guard let found = packages().first(where: { $0.model.identity.digest == digest }) else {
            throw SegmentationEngines.notInstalled
        }
        return found
    }
}
