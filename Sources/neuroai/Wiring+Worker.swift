import Features
import Foundation
import Imaging

extension Wiring {
    /// The queue with every kind of job; only a worker builds it, since only a worker holds the model.
    func jobQueue() -> JobQueue {
        let segment = SegmentCaseJob(
            database: database, blobs: blobs, engine: engine(), folders: workFolders, codeVersion: NeuroAI.version)
        return JobQueue(database: database, handlers: [JobHandler(segment)], logger: logger)
    }

    /// Beside the masks rather than in the system's temporary folder, which others share.
    var workFolders: WorkFolders {
        WorkFolders(root: settings.mediaRoot.appendingPathComponent("work", isDirectory: true))
    }

    /// Without a model the worker runs all the same: a task then fails at once with a reason instead of waiting for ever.
    private func engine() -> SegmentationEngine {
        logger.error("no segmentation model is installed", metadata: ["setting": "SEGMENTATION_MODEL_PATH"])
        return SegmentationEngine(model: ModelIdentity(name: "none", version: "0", digest: "")) { _, _, _ in
            throw ImagingError(
                .invalidModel, "No segmentation model is installed; the operator must set SEGMENTATION_MODEL_PATH.")
        }
    }
}
