import Imaging
import Kernel
import Storage

/// A case's series that a model can use, as in the API.
package struct MRIImage: Sendable, Equatable {
    package let caseID: CaseID
    package let modality: MRISequence
    package private(set) var series: Series
    /// The reason the series cannot be segmented together with the case's others, if any.
    package var problem: String?

    /// `nil` if no model uses such a series.
    init?(_ series: Series, of id: CaseID) {
        guard let sequence = series.role.sequence else { return nil }
        caseID = id
        modality = sequence
        self.series = series
    }

    package var id: ID<Series> { series.id }
    /// For display only.
    package var originalFilename: String { series.originalFilename }
    /// Bytes as stored.
    package var fileSize: Int64 { series.files.reduce(0) { $0 + $1.size } }
    /// Voxels along x, y, z.
    package var dimensions: [Int] { series.header.size.lengths }
    /// Millimetres along x, y, z.
    package var spacing: [Double] { series.header.spacing }

    /// The image for users who may not know the patient, whose name file names often contain.
    var anonymised: MRIImage {
        var image = self
        image.series.originalFilename = series.servedName
        return image
    }
}

extension [MRIImage] {
    /// A case's series, each with its problem relative to the others.
    var compared: [MRIImage] {
        let problems = SeriesOverlay.problems(grids)
        return map { image in
            var image = image
            image.problem = problems[image.modality]
            return image
        }
    }

    /// By sequence, as far as known.
    package var grids: [MRISequence: VoxelGrid] {
        Dictionary(
            compactMap { image in image.series.header.grid.map { (image.modality, $0) } }, uniquingKeysWith: { $1 })
    }
}
