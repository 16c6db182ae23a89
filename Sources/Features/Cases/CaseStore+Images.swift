import Imaging
import Kernel
import Storage

extension CaseStore {
    /// The case's series that models use, in order; the caller must check that `scope` may see the case.
    package func images(_ scope: Scope, of id: CaseID) throws -> [MRIImage] {
        let row = try connection.queryOne(
            "SELECT study_id FROM cases WHERE institution_id = \(scope.institution) AND id = \(id)")
        guard let row else { return [] }
        return try SeriesStore(connection).list(scope, study: row.get("study_id"))
            .compactMap { MRIImage($0, of: id) }.sorted { $0.modality < $1.modality }
    }

    /// One of them; the caller must check that `scope` may see its case.
    func image(_ scope: Scope, _ id: ID<Series>) throws -> MRIImage? {
        guard let series = try SeriesStore(connection).find(scope, id) else { return nil }
        let row = try connection.queryOne(
            "SELECT id FROM cases WHERE institution_id = \(scope.institution) AND study_id = \(series.study)")
        return try row.flatMap { MRIImage(series, of: try $0.get("id")) }
    }
}
