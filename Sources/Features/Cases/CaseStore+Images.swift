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

    /// The cases with their warnings about series that cannot be segmented together, from the stored grids
    /// (docs/decisions/0263).
    func warned(_ scope: Scope, _ cases: [Case]) throws -> [Case] {
        guard !cases.isEmpty else { return [] }
        let grids = try SeriesStore(connection).differingGrids(scope, of: cases.map(\.study.id))
        guard !grids.isEmpty else { return cases }
        return cases.map { item in
            var item = item
            let bySequence = (grids[item.study.id] ?? [:]).compactMap { role, grid in
                role.sequence.map { ($0, grid) }
            }
            item.seriesWarning = SeriesOverlay.warning(Dictionary(uniqueKeysWithValues: bySequence))
            return item
        }
    }

    /// The case as shown to users, with its warning.
    func display(_ scope: Scope, _ id: CaseID) throws -> Case {
        let item = try require(scope, id)
        return try warned(scope, [item]).first ?? item
    }

    /// One of them; the caller must check that `scope` may see its case.
    func image(_ scope: Scope, _ id: ID<Series>) throws -> MRIImage? {
        guard let series = try SeriesStore(connection).find(scope, id) else { return nil }
        let row = try connection.queryOne(
            "SELECT id FROM cases WHERE institution_id = \(scope.institution) AND study_id = \(series.study)")
        return try row.flatMap { MRIImage(series, of: try $0.get("id")) }
    }
}
