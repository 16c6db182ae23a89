import Foundation
import Imaging
import Kernel
import Storage

/// A requested segmentation and its progress.
package struct InferenceTask: Sendable, Equatable {
    package let id: ID<InferenceTask>
    package let institution: InstitutionID
    package let caseID: CaseID
    package let job: ID<JobRecord>
    /// The requested model's digest; `nil` for the institution's active model.
    package let modelID: String?
    /// SHA-256 of the sequences, their content and the requested model.
    package let inputsDigest: String
    /// The request that created it.
    let requestID: String?
    package let createdBy: UserID
    package let createdAt: Timestamp
    package let status: JobStatus
    package let progress: JobProgress
    package let isCancelRequested: Bool
    package let startedAt: Timestamp?
    /// When it ended, with any status.
    package let completedAt: Timestamp?
    /// One sentence for the user, if the task failed.
    package let errorMessage: String?
    /// Only if requested and the task is completed.
    package var result: SegmentationResult?

    init(_ row: SQLRow) throws {
        id = try row.get("id")
        institution = try row.get("institution_id")
        caseID = try row.get("case_id")
        job = try row.get("job_id")
        modelID = try row.optional("model_id")
        inputsDigest = try row.get("inputs_digest")
        requestID = try row.optional("request_id")
        createdBy = try row.get("created_by")
        createdAt = try row.get("created_at")
        let state = try JobState(row)
        status = state.status
        progress = state.progress
        isCancelRequested = state.isCancelRequested
        startedAt = state.startedAt
        completedAt = state.finishedAt
        errorMessage = state.status == .failed ? state.errorMessage : nil
    }

    /// Whole per cent, rounded down: 100 only when the task is done.
    package var percentage: Int { Int(progress.fraction * 100) }

    /// The current step, for the user; `nil` before the work starts, unless it was postponed, and after a failure.
    package var currentStep: String? {
        switch status {
        // Only a postponed task states why it waits.
        case .pending: progress.step
        case .running: isCancelRequested ? "Cancelling" : progress.step
        case .completed: "Completed"
        case .failed, .cancelled: nil
        }
    }

    /// The requesting user's scope, for the task's own rows; no rule checks the role there.
    var scope: Scope { Scope(institution: institution, user: createdBy, role: .doctor) }
}

extension InferenceTask: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, caseId, status
        case percentage = "progress_percentage"
        case currentStep = "current_step"
        case createdAt, startedAt, completedAt, errorMessage, result
    }

    /// Every key is always present, null without a value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(caseID, forKey: .caseId)
        try container.encode(status, forKey: .status)
        try container.encode(percentage, forKey: .percentage)
        try container.encode(currentStep, forKey: .currentStep)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(startedAt, forKey: .startedAt)
        try container.encode(completedAt, forKey: .completedAt)
        try container.encode(errorMessage, forKey: .errorMessage)
        try container.encode(result, forKey: .result)
    }
}
