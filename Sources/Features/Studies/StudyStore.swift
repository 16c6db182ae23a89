import Kernel
import Storage

/// The rows of studies; the caller must check that `scope` may see the case that refers to one.
package struct StudyStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The columns of a study besides those of the referring row, for `ImagingStudy.init(_:)`; its table is `y`.
    package static let columns: SQL = "\(raw: ImagingStudy.columns.map { "y.\($0.name)" }.joined(separator: ", "))"

    package func insert(_ scope: Scope, _ study: ImagingStudy) throws {
        let names = ImagingStudy.columns.map(\.name).joined(separator: ", ")
        let values: [SQL] = ImagingStudy.columns.map { "\(study[keyPath: $0.path])" }
        try connection.execute(
            """
            INSERT INTO studies (id, institution_id, \(raw: names))
            VALUES (\(study.id), \(scope.institution), \(SQL.joined(values, by: ", ")))
            """)
    }

    package func update(_ scope: Scope, _ study: ImagingStudy) throws {
        let changes: [SQL] = ImagingStudy.columns.map { "\(raw: $0.name) = \(study[keyPath: $0.path])" }
        try connection.execute(
            """
            UPDATE studies SET \(SQL.joined(changes, by: ", "))
            WHERE institution_id = \(scope.institution) AND id = \(study.id)
            """)
    }

    /// Deletes the study of a purged case.
    package func delete(asWorker id: ID<ImagingStudy>) throws {
        try connection.execute("DELETE FROM studies WHERE id = \(id)")
    }
}

extension ImagingStudy {
    /// From a row with `study_id` and `StudyStore.columns`.
    package init(_ row: SQLRow) throws {
        self.init(id: try row.get("study_id"))
        for column in Self.columns { self[keyPath: column.path] = try row.optional(column.name) }
    }
}
