import Features
import Foundation
import Imaging
import Inference
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

extension SegmentationEngine {
    init(_ pipeline: SegmentationPipeline) {
        self.init(model: pipeline.model) { series, folder, control in
            let outcome = try pipeline.run(series: series, output: folder, control: control)
            let picture = try ContourSheet.draw(outcome.result, of: series, in: folder)
            return SegmentationOutput(
                result: outcome.result, model: pipeline.model, manifest: try outcome.manifest.json(),
                pictures: [picture])
        }
    }
}

extension ContourSheet {
    /// Draws a run's masks on its reference series and names the file below `folder`.
    static func draw(_ result: SegmentationResult, of series: [MRISequence: URL], in folder: URL) throws -> String {
        guard let reference = series[result.referenceModality] else {
            throw ImagingError(.internalFault, "The reference series is not among the run's series.")
        }
        let name = "contours.png"
        let labels = try NIfTIFile.readLabels(folder.appendingPathComponent("segmentation.nii.gz"))
        try ContourSheet(image: NIfTIFile.readImage(reference), labels: labels)
            .write(to: folder.appendingPathComponent(name))
        return name
    }
}
