import Imaging
import Storage

/// A case's series that a model can look at, as clients know it.
package struct MRIImage: Sendable, Equatable {
    package let caseID: CaseID
    package let modality: MRISequence
    package let series: Series
    /// What the client called the file, to be shown and nothing else.
    package private(set) var originalFilename: String
    /// Why the series cannot be segmented together with the case's others, where that is so.
    package var problem: String?

    /// Nil where no model looks at such a series.
    init?(_ series: Series, of id: CaseID) {
        guard let sequence = series.role.sequence else { return nil }
        caseID = id
        modality = sequence
        self.series = series
        originalFilename = series.originalFilename
    }

    package var id: ID<Series> { series.id }
    /// Bytes as stored.
    package var fileSize: Int64 { series.files.reduce(0) { $0 + $1.size } }
    /// Voxels along x, y, z.
    package var dimensions: [Int] { series.header.size.lengths }
    /// Millimetres along x, y, z.
    package var spacing: [Double] { series.header.spacing }

    /// The image for somebody who may not know the patient, whose name file names often hold.
    var anonymised: MRIImage {
        var image = self
        image.originalFilename = series.servedName
        return image
    }
}

extension [MRIImage] {
    /// A case's series, each with what keeps it from being segmented together with the others.
    var compared: [MRIImage] {
        let problems = SeriesOverlay.problems(grids)
        return map { image in
            var image = image
            image.problem = problems[image.modality]
            return image
        }
    }

    /// By sequence, as far as they are known.
    package var grids: [MRISequence: VoxelGrid] {
        Dictionary(
            compactMap { image in image.series.header.grid.map { (image.modality, $0) } }, uniquingKeysWith: { $1 })
    }
}

extension CaseStore {
    /// The case's series that models look at, in their order; the caller has checked that `scope` may see the case.
    package func images(_ scope: Scope, of id: CaseID) throws -> [MRIImage] {
        let row = try connection.queryOne(
            "SELECT study_id FROM cases WHERE institution_id = \(scope.institution) AND id = \(id)")
        guard let row else { return [] }
        return try SeriesStore(connection).list(scope, study: row.get("study_id"))
            .compactMap { MRIImage($0, of: id) }.sorted { $0.modality < $1.modality }
    }

    /// One of them; the caller checks that `scope` may see its case.
    func image(_ scope: Scope, _ id: ID<Series>) throws -> MRIImage? {
        guard let series = try SeriesStore(connection).find(scope, id) else { return nil }
        let row = try connection.queryOne(
            "SELECT id FROM cases WHERE institution_id = \(scope.institution) AND study_id = \(series.study)")
        return try row.flatMap { MRIImage(series, of: try $0.get("id")) }
    }
}
