import Imaging
import Kernel
import Storage

// The warning about series that do not overlap by their headers (docs/decisions/0263).

extension CaseStore {
    /// Stores the warning with its case, so that lists show it without reading series. Call it in the transaction that
    /// changes them.
    func settleSeriesWarning(_ scope: Scope, _ id: CaseID) throws {
        let images = try images(scope, of: id)
        let grids = images.grids
        // Of series whose grids are not stored yet, it is computed when the case is read.
        let warning = grids.count < images.count ? nil : SeriesOverlay.warning(grids) ?? ""
        try connection.execute(
            """
            UPDATE cases SET series_warning = \(warning), revision = revision + 1
            WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
    }

    /// The cases with the warnings that are not stored, computed from the stored grids.
    func warned(_ scope: Scope, _ cases: [Case]) throws -> [Case] {
        let studies = cases.filter(\.lacksSeriesWarning).map(\.study.id)
        guard !studies.isEmpty else { return cases }
        let grids = try SeriesStore(connection).currentGrids(scope, of: studies)
        return cases.map { item in
            guard let byRole = grids[item.study.id] else { return item }
            var item = item
            let bySequence = byRole.compactMap { role, grid in role.sequence.map { ($0, grid) } }
            item.seriesWarning = SeriesOverlay.warning(Dictionary(uniqueKeysWithValues: bySequence))
            return item
        }
    }

    /// The case as shown to users, with its warning.
    func display(_ scope: Scope, _ id: CaseID) throws -> Case {
        let item = try require(scope, id)
        return try warned(scope, [item]).first ?? item
    }
}
