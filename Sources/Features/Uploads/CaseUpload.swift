import Imaging
import Kernel
import Storage

/// A file that arrives in parts and becomes a case's series once it is whole.
package struct CaseUpload: Sendable, Equatable {
    package let id: UploadID
    package let institution: InstitutionID
    package let caseID: CaseID
    package let createdBy: UserID
    package let modality: MRISequence
    /// The client's name of the file: patient data, and never a path.
    package let filename: String
    /// Bytes of the whole file.
    package let size: Int64
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    /// Whether it becomes a series of a case that has a signed report.
    package let isForced: Bool
    /// When its image became one of the case's; nil while it is under way.
    package var completedAt: Timestamp?
}
