import Imaging
import Kernel
import Storage

/// The rows of findings, which reports cite and lists count: written with their result, never changed.
struct FindingStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func insert(_ findings: [Finding], of result: ID<CaseResult>, _ institution: InstitutionID) throws {
        try connection.executeAll(
            findings.enumerated().map { position, finding in
                """
                INSERT INTO findings
                    (result_id, institution_id, number, position, kind, region, lesion, quantity, unit, term)
                VALUES (\(result), \(institution), \(finding.id), \(position), \(finding.kind), \(finding.region),
                    \(finding.lesion), \(finding.quantity), \(finding.unit), \(finding.term))
                """
            })
    }

    /// In the result's order.
    func list(_ institution: InstitutionID, of result: ID<CaseResult>) throws -> [Finding] {
        try lists(institution, of: [result])[result] ?? []
    }

    /// By result, each in order; results without findings have no entry.
    func lists(_ institution: InstitutionID, of results: [ID<CaseResult>]) throws -> [ID<CaseResult>: [Finding]] {
        guard !results.isEmpty else { return [:] }
        let rows = try connection.query(
            """
            SELECT * FROM findings
            WHERE institution_id = \(institution) AND result_id IN \(list: Array(Set(results)))
            ORDER BY result_id, position
            """)
        var findings: [ID<CaseResult>: [Finding]] = [:]
        for row in rows { findings[try row.get("result_id"), default: []].append(try Finding(row)) }
        return findings
    }
}

extension Finding {
    fileprivate init(_ row: SQLRow) throws {
        self.init(
            id: try row.get("number"), kind: try row.get("kind"), region: try row.optional("region"),
            lesion: try row.optional("lesion"), quantity: try row.optional("quantity"), unit: try row.optional("unit"),
            term: try row.optional("term"))
    }
}
