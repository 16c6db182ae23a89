import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// Compares an expert mask with the result's on the grid of one series. Native code measures the distances, so it runs
/// in the worker.
package struct ScoreMaskJob: Job {
    package struct Parameters: Codable, Sendable {
        let mask: ID<ExpertMask>
    }

    package static let jobName = "score-mask"
    package static let taskName = "masks.score_expert_mask"
    package static let jobClass = JobClass.interactive
    /// Short and awaited: runs before the next segmentation.
    static let priority = 10

    package let limits = JobLimits.maskScore

    private let database: any Database
    private let blobs: any BlobStore

    package init(database: any Database, blobs: any BlobStore) {
        self.database = database
        self.blobs = blobs
    }

    package func run(_ parameters: Parameters, control: JobControl) async throws -> JobWrites {
        control.report("Comparing the masks", 0)
        let (mask, file) = try await database.read { connection in
            guard let mask = try ExpertMaskStore(connection).find(asWorker: parameters.mask),
                let result = try ResultStore(connection).find(asWorker: mask.resultID)
            else { throw JobFailure(.obsolete, "The case has been deleted.") }
            guard let file = result.labels(on: mask.sequence) else {
                throw JobFailure(.permanent, "The result has no mask on the grid of this series.")
            }
            return (mask, file)
        }
        let agreement: [TumourRegion: RegionAgreement]
        do {
            agreement = try await blobs.withFiles([file.blob, mask.blob]) { urls in
                try await control.stage("compare") {
                    try await DedicatedThread.run(named: "score-mask") {
                        try RegionAgreement.byRegion(
                            NIfTIFile.readLabels(urls[0]), expert: NIfTIFile.readLabels(urls[1]),
                            convention: mask.convention)
                    }
                }
            }
        } catch let error as ImagingError where ![.internalFault, .diskFull].contains(error.code) {
            throw JobFailure(.permanent, error.message)
        }
        return { connection in
            try ExpertMaskStore(connection).set(asWorker: agreement, of: mask.id)
            try AuditStore(connection).append(
                AuditEntry(
                    institution: mask.institution, actor: mask.uploadedBy,
                    origin: RequestOrigin(requestID: control.requestID), action: "expert_mask.score",
                    objectType: "expert_mask", objectID: mask.id.string, at: .now))
        }
    }

    package static func arguments(of parameters: Parameters) -> [String: String] {
        ["mask_id": parameters.mask.string]
    }
}

extension CaseResult {
    /// The labels on the grid of one series: its own file, or the reference's if it is that series.
    func labels(on sequence: MRISequence) -> ResultFile? {
        let labels = files.filter { $0.content == .labels && $0.sequence == sequence }
        return labels.first { $0.name.hasPrefix(sequence.rawValue + "/") } ?? labels.first
    }
}
