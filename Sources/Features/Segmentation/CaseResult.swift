import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// The measurements of a completed task, with the data to reproduce it.
package struct CaseResult: Sendable, Equatable {
    package let id: ID<CaseResult>
    package let caseID: CaseID
    package let task: ID<InferenceTask>
    package let result: SegmentationResult
    /// JSON: digests of inputs, model, code version, parameters, stage times.
    package let manifest: String
    package let model: ModelIdentity
    package let inputsDigest: String
    package let codeVersion: String
    package let createdAt: Timestamp
    /// Ordered by name.
    package let files: [ResultFile]
    /// Whether the case's images have changed since they were measured: the result must not be shown as theirs.
    package var isStale = false
}

/// A stored file of a result.
package struct ResultFile: Sendable, Equatable {
    package let id: ID<ResultFile>
    /// `t1ce/segmentation.nii.gz`
    package let name: String
    package let content: OutputFile.Content
    package let region: TumourRegion?
    /// The series whose grid it uses.
    package let sequence: MRISequence?
    /// The same; `nil` if that series was deleted, or was replaced before this was recorded.
    package let series: ID<Series>?
    package let blob: BlobKey
    /// Bytes.
    package let size: Int64
    package let sha256: String
}

extension OutputFile.Content: SQLConvertible {}
extension TumourRegion: SQLConvertible {}
extension MRISequence: SQLConvertible {}
extension Finding.Kind: SQLConvertible {}
