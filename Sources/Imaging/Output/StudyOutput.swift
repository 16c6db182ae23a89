import Basics

/// What the pipeline made of a study, in memory. `StudyWriter` makes files of it.
package struct StudyOutput: Sendable {
    /// What is kept of a series once its voxels have been worked on.
    package struct Series: Sendable {
        package let grid: VoxelGrid
        /// Of the series as it was stored.
        package let digest: String
        /// nil: a NIfTI file describes the grid anew.
        package let forms: NIfTIForms?

        package init(grid: VoxelGrid, digest: String, forms: NIfTIForms? = nil) {
            self.grid = grid
            self.digest = digest
            self.forms = forms
        }
    }

    package let series: [MRISequence: Series]
    /// The reference series as `SeparatedStudy` leaves it: 0 around a stripped brain, no bright corners around a head.
    package let referenceImage: Image
    /// On the reference's grid.
    package let probabilities: TumourProbabilities
    /// On the reference's grid.
    package let masks: RegionMasks
    /// Its mask files have not been written yet.
    package let result: SegmentationResult
    package let model: ModelIdentity
    package let codeVersion: String
    /// SHA-256 over the atlas's files; nil where none is installed.
    package let atlas: String?
    /// In their order.
    package let stages: [RunManifest.Stage]

    package init(
        series: [MRISequence: Series], referenceImage: Image, probabilities: TumourProbabilities, masks: RegionMasks,
        result: SegmentationResult, model: ModelIdentity, codeVersion: String, atlas: String? = nil,
        stages: [RunManifest.Stage] = []
    ) {
        self.series = series
        self.referenceImage = referenceImage
        self.probabilities = probabilities
        self.masks = masks
        self.result = result
        self.model = model
        self.codeVersion = codeVersion
        self.atlas = atlas
        self.stages = stages
    }

    package var sequences: [MRISequence] { series.keys.sorted() }
    package var reference: MRISequence { result.referenceModality }
}
