import Features
import Foundation
import Imaging
import Inference
import Kernel
import Rendering

extension Wiring {
    /// The queue with every kind of job; only a worker builds it, since only a worker holds the model.
    func jobQueue(_ models: ModelRegistry) throws -> JobQueue {
        let notes = workerNotes
        let segment = SegmentCaseJob(
            database: database, blobs: blobs, engines: models.engines, folders: workFolders,
            codeVersion: NeuroAI.version, limits: try settings.segmentationLimits())
        let report = WriteReportJob(database: database)
        let score = ScoreMaskJob(database: database, blobs: blobs)
        return JobQueue(
            database: database, handlers: [JobHandler(segment), JobHandler(report), JobHandler(score)], logger: logger,
            loss: { notes.loss(of: $0) })
    }

    /// How workers ended, for those that take over their jobs.
    var workerNotes: WorkerNotes {
        WorkerNotes(folder: settings.mediaRoot.appendingPathComponent("work", isDirectory: true))
    }

    /// Beside the masks rather than in the system's temporary folder, which others share.
    var workFolders: WorkFolders {
        WorkFolders(root: settings.mediaRoot.appendingPathComponent("work", isDirectory: true))
    }
}

extension SegmentationPipeline {
    /// The pipeline with the model package and the atlas of the settings.
    ///
    /// - Parameters:
    ///   - model: another package than the settings'.
    ///   - onFallback: called with a sentence where `MODEL_DEVICE=auto` does not take the first device.
    static func installed(
        _ settings: Settings, model: URL? = nil, onFallback: @escaping @Sendable (_ reason: String) -> Void
    ) throws -> SegmentationPipeline {
        SegmentationPipeline(
            segmenter: try ModelSegmenter(
                ModelPackage(folder: model ?? settings.modelPath), precision: settings.modelPrecision,
                compiler: settings.networkCompiler(onFallback: onFallback)),
            atlas: AtlasSource(folder: settings.atlasPath), codeVersion: NeuroAI.version)
    }
}

extension StudyWriter {
    /// The files that a run of this program leaves.
    static let `default` = StudyWriter([NIfTIMaskWriter(), ContourSheetWriter()])
}
