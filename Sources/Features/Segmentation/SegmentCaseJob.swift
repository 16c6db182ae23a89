import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// Segments a case's series and measures what is found.
package struct SegmentCaseJob: Job {
    package struct Parameters: Codable, Sendable {
        let task: ID<InferenceTask>
        /// For readers of its message; `nil` in rows of earlier versions.
        var caseID: CaseID?

        private enum CodingKeys: String, CodingKey {
            case task
            case caseID = "case"
        }
    }

    package static let jobName = "segment-case"
    package static let taskName = "inference.segment_case"
    package static let jobClass = JobClass.imaging

    private let database: any Database
    private let blobs: any BlobStore
    private let engines: SegmentationEngines
    private let folders: WorkFolders
    private let codeVersion: String
    package let limits: JobLimits

    package init(
        database: any Database, blobs: any BlobStore, engines: SegmentationEngines, folders: WorkFolders,
        codeVersion: String, limits: JobLimits = .segmentation
    ) {
        self.limits = limits
        self.database = database
        self.blobs = blobs
        self.engines = engines
        self.folders = folders
        self.codeVersion = codeVersion
    }

    /// The inputs of a run.
    private struct Inputs: Sendable {
        let task: InferenceTask
        let images: [MRIImage]
        /// The digest of the requested model, or of the institution's active model; `nil` means the operator's default.
        let model: String?
    }

    package func run(_ parameters: Parameters, control: JobControl) async throws -> JobWrites {
        control.report("Loading the series", 0)
        let inputs = try await load(parameters.task)
        let keys = try inputs.images.map { image in
            guard let file = image.series.files.first else { throw BlobError.missing }
            return file.blob
        }
        let folder = try folders.make()
        defer { folders.remove(folder) }
        let start = ContinuousClock.now
        let study = try await blobs.withFiles(keys) { urls in
            control.end(stage: "fetch", after: ContinuousClock.now - start)
            var sources: [MRISequence: any SeriesSource] = [:]
            for (image, url) in zip(inputs.images, urls) { sources[image.modality] = NIfTISource(url) }
            return try await segment(sources, by: inputs.model, into: folder, control)
        }
        control.report("Storing the masks", 0.99)
        let files = try await control.stage("store") { try await store(study.files, in: folder, of: inputs.images) }
        control.count(MetricObservation(.results, [study.result.review?.isNeeded == true ? "true" : "false"]))
        let draft = ResultStore.Draft(id: ID(), study: study, files: files, codeVersion: codeVersion)
        return { connection in
            try Self.write(parameters.task, draft, control, in: connection)
        }
    }

    private func load(_ id: ID<InferenceTask>) async throws -> Inputs {
        let inputs = try await database.read { connection in
            guard let task = try SegmentationStore(connection).task(asWorker: id) else { throw Self.caseIsGone }
            let active = try ModelStore(connection).activations(task.institution, limit: 1).first
            return Inputs(
                task: task, images: try CaseStore(connection).images(task.scope, of: task.caseID),
                model: task.modelID ?? active?.model.digest)
        }
        guard InputsDigest.of(inputs.images, modelID: inputs.task.modelID) == inputs.task.inputsDigest else {
            throw JobFailure(.permanent, "The images were changed after the start; start the segmentation again.")
        }
        return inputs
    }

    private func segment(
        _ sources: [MRISequence: any SeriesSource], by model: String?, into folder: URL, _ control: JobControl
    ) async throws -> WrittenStudy {
        do {
            return try await DedicatedThread.run(named: "segmentation") { [engines] in
                try control.trace.run(onThread: { try engines.engine(model).run(sources, folder, control.workControl) })
            }
        } catch let error as ImagingError {
            switch error.code {
            case .invalidImage, .unsupportedImage, .ambiguousLabels, .incompatibleSeries, .invalidModel:
                throw JobFailure(.permanent, error.message)
            case .cancelled: throw CancellationError()
            case .diskFull: throw error
            case .outOfMemory: throw JobFailure(.permanent, JobLoss.outOfMemory)
            case .internalFault: throw JobFailure(.transient, error.message)
            }
        }
    }

    /// Files are stored before the rows that reference them; those of a rejected run are swept later.
    private func store(
        _ files: [OutputFile], in folder: URL, of images: [MRIImage]
    ) async throws -> [ResultStore.DraftFile] {
        var stored: [ResultStore.DraftFile] = []
        for file in files {
            let series = images.first { $0.modality == file.sequence }?.id
            let blob = try await blobs.put(fileAt: folder.appendingPathComponent(file.name))
            stored.append(ResultStore.DraftFile(file: file, series: series, blob: blob))
        }
        return stored
    }

    private static func write(
        _ id: ID<InferenceTask>, _ draft: ResultStore.Draft, _ control: JobControl,
        in connection: any DatabaseConnection
    ) throws {
        let now = Timestamp.now
        guard let task = try SegmentationStore(connection).task(asWorker: id) else { throw caseIsGone }
        try ResultStore(connection).insert(asWorker: draft, of: task, at: now)
        try JobStore(connection).enqueue(
            WriteReportJob.self, WriteReportJob.Parameters(result: draft.id), institution: task.institution,
            requestID: control.requestID, trace: control.trace.context, priority: WriteReportJob.priority, at: now)
    }

    package func ended(_ end: JobEnd, _ parameters: Parameters, in connection: any DatabaseConnection) throws {
        guard let task = try SegmentationStore(connection).task(asWorker: parameters.task) else { return }
        try task.recordEnd(end, in: connection)
    }

    package static func arguments(of parameters: Parameters) -> [String: String] {
        var arguments = ["task_id": parameters.task.string]
        arguments["case_id"] = parameters.caseID?.string
        return arguments
    }

    package func result(
        of parameters: Parameters, in connection: any DatabaseConnection
    ) throws -> [String: String] {
        guard let task = try SegmentationStore(connection).task(asWorker: parameters.task) else { return [:] }
        var result = ["case_id": task.caseID.string]
        result["result_id"] = try ResultStore(connection).id(asWorkerOf: task.id)?.string
        return result
    }

    private static let caseIsGone = JobFailure(.obsolete, "The case has been deleted.")
}

extension InferenceTask {
    /// The consequences of the end of a task's job, in the transaction that ends it.
    func recordEnd(_ end: JobEnd, in connection: any DatabaseConnection, at now: Timestamp = .now) throws {
        let store = SegmentationStore(connection)
        let cases = CaseStore(connection)
        // First: of two tasks that end at the same time the second sees that the first has ended.
        try cases.lock(scope, caseID)
        try store.deactivate(scope, id)
        // A run without a result leaves a completed case completed.
        let isBarren = try end != .completed && ResultStore(connection).isCurrent(scope, case: caseID)
        try cases.setStatus(scope, caseID, isBarren ? .completed : end.caseStatus, at: now, isNew: !isBarren)
        if try store.hasOtherActiveTask(scope, than: self) { try cases.setStatus(scope, caseID, .processing, at: now) }
        try AuditStore(connection).append(
            AuditEntry(
                institution: institution, actor: createdBy, origin: RequestOrigin(requestID: requestID),
                action: end.auditAction,
                objectType: "inference_task", objectID: id.string, outcome: end.auditOutcome, at: now))
    }
}

extension JobEnd {
    fileprivate var caseStatus: Case.Status {
        switch self {
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .uploaded
        }
    }

    fileprivate var auditAction: String {
        switch self {
        case .completed: "inference.complete"
        case .failed: "inference.fail"
        case .cancelled: "inference.stop"
        }
    }

    fileprivate var auditOutcome: AuditEntry.Outcome {
        if case .failed = self { return .failed }
        return .done
    }
}
