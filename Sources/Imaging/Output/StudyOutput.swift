import Basics

/// The pipeline's output for a study, in memory. `StudyWriter` writes it to files.
package struct StudyOutput: Sendable {
    /// The properties of a series that are kept after its voxels have been processed.
    package struct Series: Sendable {
        package let grid: VoxelGrid
        /// The same voxels in the reference's space: the grid moved by the series' registration.
        package internal(set) var place: VoxelGrid
        /// Of the series as stored.
        package let digest: String
        /// `nil` if NIfTI files derive them from the grid.
        package let forms: NIfTIForms?

        package init(grid: VoxelGrid, digest: String, forms: NIfTIForms? = nil) {
            self.grid = grid
            place = grid
            self.digest = digest
            self.forms = forms
        }
    }

    package let series: [MRISequence: Series]
    /// The reference series as `SeparatedStudy` leaves it: 0 around a stripped brain, without bright corners around a
    /// head.
    package let referenceImage: Image
    /// On the reference's grid.
    package let probabilities: TumourProbabilities
    /// On the reference's grid.
    package let masks: RegionMasks
    /// Before its mask files are written.
    package let result: SegmentationResult
    package let model: ModelIdentity
    package let codeVersion: String
    /// SHA-256 of the atlas's files; `nil` if none is installed.
    package let atlas: String?
    /// By sequence: where each series lies in the reference's space.
    package let registration: [SeriesPlacement]
    /// In order of execution.
    package let stages: [RunManifest.Stage]

    package init(
        series: [MRISequence: Series], referenceImage: Image, probabilities: TumourProbabilities, masks: RegionMasks,
        result: SegmentationResult, model: ModelIdentity, codeVersion: String, atlas: String? = nil,
        registration: [SeriesPlacement] = [], stages: [RunManifest.Stage] = []
    ) {
        self.series = series
        self.referenceImage = referenceImage
        self.probabilities = probabilities
        self.masks = masks
        self.result = result
        self.model = model
        self.codeVersion = codeVersion
        self.atlas = atlas
        self.registration = registration
        self.stages = stages
    }

    package var sequences: [MRISequence] { series.keys.sorted() }
    package var reference: MRISequence { result.referenceModality }
}
