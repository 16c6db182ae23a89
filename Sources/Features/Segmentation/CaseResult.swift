import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// What one completed task measured, with what is needed to repeat it.
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
    /// In the order of their names.
    package let files: [ResultFile]
    /// Whether the case's images are no longer those that were measured: then nothing of it may be shown as theirs.
    package var isStale = false
}

/// A stored file of a result.
package struct ResultFile: Sendable, Equatable {
    package let id: ID<ResultFile>
    /// `t1ce/segmentation.nii.gz`
    package let name: String
    package let content: OutputFile.Content
    package let region: TumourRegion?
    /// The series on whose grid it lies.
    package let sequence: MRISequence?
    /// The same; nil where that series has been deleted, or had been replaced before this was recorded.
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
