import Basics
import Foundation
import Imaging
import Logging
import Synchronization

/// The model packages of a machine, and the engines of those that were used last.
///
/// Reading a package and compiling its networks need the runtimes of `Inference`, which nothing here knows: both are passed in.
package final class ModelRegistry: Sendable {
    /// Compiled networks take memory; two models cover a change of models while tasks still run.
    private static let mostLoaded = 2

    private let root: URL
    private let defaultFolder: URL
    private let read: @Sendable (_ folder: URL) throws -> InstalledModel
    private let load: @Sendable (_ folder: URL) throws -> SegmentationEngine
    private let logger: Logger
    private let known = Mutex([URL: Known]())
    /// Held while a model loads: two jobs that need the same one load it once, and two models never load at the same time.
    private let loading = Mutex(())
    /// The one used last is at the end; held for moments only, so that nobody waits for a model of another's.
    private let loaded = Mutex([Loaded]())

    /// A package as it was read, and when its `model.json` was written.
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
    ///   - root: the folder with a folder for each package.
    ///   - defaultFolder: the operator's choice, below `root` or elsewhere.
    ///   - read: the model of a package whose files are those it states.
    ///   - load: blocks while it compiles; throws where the package or the device will not do.
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

    /// The model that was used last, and how long it took to load.
    package var lastLoaded: Loaded? { loaded.withLock { $0.last } }

    /// Loads the default, so that the first task does not wait for it; without one tasks fail with the reason.
    package func warmUp() {
        do {
            _ = try engine(nil)
        } catch {
            logger.error("no usable segmentation model", metadata: ["reason": "\(error)"])
        }
    }

    /// The folders that hold a `model.json`.
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

    /// Digests are compared once for each `model.json`, and again when the package is loaded.
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
            // Somebody may have replaced the package since it was read.
            guard digest == nil || engine.model.digest == digest else { throw SegmentationEngines.notInstalled }
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            logger.info("model loaded", metadata: ["model": "\(engine.model.name)", "seconds": "\(seconds)"])
            loaded.withLock { loaded in
                // Only now: a model that cannot be loaded takes no other's place.
                if loaded.count >= Self.mostLoaded { loaded.removeFirst() }
                loaded.append(Loaded(engine: engine, seconds: seconds))
            }
            return engine
        }
    }

    /// The engine of the model with this digest where it is loaded; it counts as the one used last.
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
