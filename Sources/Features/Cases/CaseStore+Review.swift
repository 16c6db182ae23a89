import Imaging
import Kernel
import Storage

extension CaseStore {
    /// Stores the newest result's review with its case, so that lists show and filter it without reading results. Call
    /// it in the transaction that adds or removes a result.
    package func settleReview(_ institution: InstitutionID, _ id: CaseID) throws {
        let newest = try connection.queryOne(
            """
            SELECT id FROM results WHERE institution_id = \(institution) AND case_id = \(id)
            ORDER BY created_at DESC, id DESC LIMIT 1
            """)
        var reasons: [String]?
        if let newest {
            let result: String = try newest.get("id")
            let kind = Finding.Kind.review.rawValue
            reasons = try connection.query(
                """
                SELECT term FROM findings WHERE institution_id = \(institution) AND result_id = \(result)
                    AND kind = \(kind) AND term IS NOT NULL ORDER BY position
                """
            ).map { try $0.get("term", as: String.self).replacing("\n", with: " ") }
        }
        try connection.execute(
            """
            UPDATE cases SET review_reasons = \(reasons?.joined(separator: "\n")), revision = revision + 1
            WHERE institution_id = \(institution) AND id = \(id)
            """)
    }
}
