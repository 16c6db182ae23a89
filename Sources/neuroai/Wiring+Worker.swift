import Features
import Foundation
import Imaging
import Inference
import Kernel
import Rendering

extension Wiring {
    /// The queue with every kind of job. Only a worker creates it, since only a worker holds the model.
    ///
    /// - Parameter usesMessages: whether a broker carries the jobs.
    func jobQueue(_ models: ModelRegistry, usesMessages: Bool = false) throws -> JobQueue {
        let notes = workerNotes
        let segment = SegmentCaseJob(
            database: database, blobs: blobs, engines: models.engines, folders: workFolders,
            codeVersion: NeuroAI.version, limits: try settings.segmentationLimits())
        let report = WriteReportJob(database: database)
        let score = ScoreMaskJob(database: database, blobs: blobs)
        return JobQueue(
            database: database, handlers: [JobHandler(segment), JobHandler(report), JobHandler(score)], logger: logger,
            usesMessages: usesMessages, loss: { notes.loss(of: $0) })
    }

    /// Records how workers ended, for the workers that take over their jobs.
    var workerNotes: WorkerNotes {
        WorkerNotes(folder: settings.mediaRoot.appendingPathComponent("work", isDirectory: true))
    }

    /// In the media folder rather than in the system's temporary folder, which is shared with other programs.
    var workFolders: WorkFolders {
        WorkFolders(root: settings.mediaRoot.appendingPathComponent("work", isDirectory: true))
    }
}

extension SegmentationPipeline {
    /// The pipeline with the configured model package and atlas.
    ///
    /// - Parameters:
    ///   - package: a package to use instead of the configured one.
    ///   - onFallback: called with a one-sentence reason if `MODEL_DEVICE=auto` does not use its first device.
    static func installed(
        _ settings: Settings, _ package: ModelPackage? = nil, onFallback: @escaping @Sendable (_ reason: String) -> Void
    ) throws -> SegmentationPipeline {
        SegmentationPipeline(
            segmenter: try ModelSegmenter(
                package ?? NamedPackage(settings).read(), precision: settings.modelPrecision,
                compiler: settings.networkCompiler(onFallback: onFallback)),
            atlas: AtlasSource(folder: settings.atlasPath), codeVersion: NeuroAI.version)
    }
}

extension StudyWriter {
    /// Writes the output files of a run.
    static let `default` = StudyWriter([NIfTIMaskWriter(), ContourSheetWriter()])

    /// Also writes segmentations in DICOM, for a study whose series are.
    static func dicom(_ study: DICOMStudy?) -> StudyWriter {
        StudyWriter([
            NIfTIMaskWriter(), DICOMSegmentationWriter(study?.sources ?? [:]), ContourSheetWriter(),
        ])
    }
}
