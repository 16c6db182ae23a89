import Storage

/// The rows of studies; the caller has checked that `scope` may see the case that points at one.
package struct StudyStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The columns of a study beside those of what points at it, for `ImagingStudy.init(_:)`; its table is `y`.
    package static let columns: SQL = "y.instance_uid, y.accession_number, y.study_date"

    package func insert(_ scope: Scope, _ study: ImagingStudy) throws {
        try connection.execute(
            """
            INSERT INTO studies (id, institution_id, instance_uid, accession_number, study_date)
            VALUES (\(study.id), \(scope.institution), \(study.instanceUID), \(study.accessionNumber), \(study.date))
            """)
    }

    package func update(_ scope: Scope, _ study: ImagingStudy) throws {
        try connection.execute(
            """
            UPDATE studies SET instance_uid = \(study.instanceUID), accession_number = \(study.accessionNumber),
                study_date = \(study.date)
            WHERE institution_id = \(scope.institution) AND id = \(study.id)
            """)
    }

    /// Takes a study along whose case has been purged.
    package func delete(asWorker id: ID<ImagingStudy>) throws {
        try connection.execute("DELETE FROM studies WHERE id = \(id)")
    }
}

extension ImagingStudy {
    /// From a row with `study_id` and `StudyStore.columns`.
    package init(_ row: SQLRow) throws {
        id = try row.get("study_id")
        instanceUID = try row.optional("instance_uid")
        accessionNumber = try row.optional("accession_number")
        date = try row.optional("study_date")
    }
}
