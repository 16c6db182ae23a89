import Imaging
import Kernel
import Storage

/// A resumable upload that becomes a series of a case when it is complete.
package struct CaseUpload: Sendable, Equatable {
    package let id: UploadID
    package let institution: InstitutionID
    package let caseID: CaseID
    package let createdBy: UserID
    package let modality: MRISequence
    /// The client's file name. It may contain patient data and is never used as a path.
    package let filename: String
    /// Size of the complete file, in bytes.
    package let size: Int64
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    /// Whether the series may be added to a case that has a signed report.
    package let isForced: Bool
    /// When the series was added to the case; `nil` while the upload is in progress.
    package var completedAt: Timestamp?
}
