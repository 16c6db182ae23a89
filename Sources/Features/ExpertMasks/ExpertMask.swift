import Foundation
import Imaging
import Kernel
import Storage

/// A mask drawn by an expert, with the agreement of the result that was the newest when it was uploaded.
package struct ExpertMask: Sendable, Equatable {
    package let id: ID<ExpertMask>
    package let institution: InstitutionID
    package let caseID: CaseID
    package let resultID: ID<CaseResult>
    /// The task of the compared result.
    package let task: ID<InferenceTask>
    /// The job that compares them.
    let job: ID<JobRecord>
    package let blob: BlobKey
    /// The series whose grid it uses.
    package let sequence: MRISequence
    package let convention: LabelConvention
    /// The status of the comparison.
    package let status: JobStatus
    /// One sentence for the user, if it failed.
    package let errorMessage: String?
    /// `nil` until the comparison is done.
    package let agreement: [TumourRegion: RegionAgreement]?
    package let uploadedBy: UserID
    /// The full name of `uploadedBy`.
    package let author: String
    package let uploadedAt: Timestamp
}

extension LabelConvention: SQLConvertible {}

extension ExpertMask: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, caseId, taskId, status, errorMessage, modality, labelConvention, dice, hd95, uploadedBy, uploadedAt
    }

    private struct RegionKey: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(_ region: TumourRegion) { stringValue = region.rawValue }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Every key is always present, null without a value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(caseID, forKey: .caseId)
        try container.encode(task, forKey: .taskId)
        try container.encode(status, forKey: .status)
        try container.encode(errorMessage, forKey: .errorMessage)
        try container.encode(sequence, forKey: .modality)
        try container.encode(convention.rawValue, forKey: .labelConvention)
        var dice = container.nestedContainer(keyedBy: RegionKey.self, forKey: .dice)
        var distance = container.nestedContainer(keyedBy: RegionKey.self, forKey: .hd95)
        for region in TumourRegion.allCases {
            try dice.encode(agreement?[region]?.dice, forKey: RegionKey(region))
            try distance.encode(agreement?[region]?.hd95, forKey: RegionKey(region))
        }
        try container.encode(author, forKey: .uploadedBy)
        try container.encode(uploadedAt, forKey: .uploadedAt)
    }
}
