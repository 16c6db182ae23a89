import Foundation
import Imaging
import Kernel
import Storage

/// The rows of series and of their files; the caller must check that `scope` may see their study.
package struct SeriesStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The study's series that have not been replaced, in upload order.
    package func list(_ scope: Scope, study: ID<ImagingStudy>) throws -> [Series] {
        try series(scope, "s.study_id = \(study) AND s.replaced_at IS NULL")
    }

    /// `nil` also if it has been replaced.
    package func find(_ scope: Scope, _ id: ID<Series>) throws -> Series? {
        try series(scope, "s.id = \(id) AND s.replaced_at IS NULL").first
    }

    /// The grids of the series, including replaced ones.
    package func grids(_ scope: Scope, of ids: [ID<Series>]) throws -> [ID<Series>: VoxelGrid] {
        let rows = try connection.query(
            """
            SELECT id, size_x, size_y, size_z, affine FROM series
            WHERE institution_id = \(scope.institution) AND id IN \(list: ids) AND affine IS NOT NULL
            """)
        var grids: [ID<Series>: VoxelGrid] = [:]
        for row in rows {
            grids[try row.get("id")] = try Series.affine(row).map { VoxelGrid(size: try Series.size(row), affine: $0) }
        }
        return grids
    }

    /// The grids of the studies' series that have not been replaced, as far as known.
    package func currentGrids(
        _ scope: Scope, of studies: [ID<ImagingStudy>]
    ) throws -> [ID<ImagingStudy>: [Series.Role: VoxelGrid]] {
        let rows = try connection.query(
            """
            SELECT study_id, role, size_x, size_y, size_z, affine FROM series
            WHERE institution_id = \(scope.institution) AND study_id IN \(list: studies)
                AND replaced_at IS NULL AND affine IS NOT NULL
            """)
        var grids: [ID<ImagingStudy>: [Series.Role: VoxelGrid]] = [:]
        for row in rows {
            guard let affine = try Series.affine(row) else { continue }
            let study: ID<ImagingStudy> = try row.get("study_id")
            let role: Series.Role = try row.get("role")
            grids[study, default: [:]][role] = VoxelGrid(size: try Series.size(row), affine: affine)
        }
        return grids
    }

    private func series(_ scope: Scope, _ condition: SQL) throws -> [Series] {
        let rows = try connection.query(
            """
            SELECT s.*, f.blob_id, b.size AS blob_size
            FROM series s
            LEFT JOIN series_blobs f ON f.series_id = s.id
            LEFT JOIN blobs b ON b.institution_id = f.institution_id AND b.id = f.blob_id
            WHERE s.institution_id = \(scope.institution) AND \(condition)
            ORDER BY s.uploaded_at, s.id, f.position
            """)
        var found: [[SQLRow]] = []
        var last: ID<Series>?
        for row in rows {
            let id: ID<Series> = try row.get("id")
            if id == last { found[found.count - 1].append(row) } else { found.append([row]) }
            last = id
        }
        return try found.map(Series.init)
    }

    package func insert(_ scope: Scope, _ series: Series) throws {
        let position = try nextPosition(scope, series.role, in: series.study)
        let header = series.header
        do {
            try connection.execute(
                """
                INSERT INTO series
                    (id, institution_id, study_id, role, source, instance_uid, frame_of_reference_uid, position,
                    original_filename, file_format, content_digest, size_x, size_y, size_z, spacing_x, spacing_y,
                    spacing_z, affine, uploaded_by, uploaded_at)
                VALUES (\(series.id), \(scope.institution), \(series.study), \(series.role), \(series.source),
                    \(series.instanceUID), \(series.frameOfReferenceUID), \(position), \(series.originalFilename),
                    \(header.format), \(series.contentDigest), \(header.size.i), \(header.size.j), \(header.size.k),
                    \(header.spacing[0]), \(header.spacing[1]), \(header.spacing[2]), \(Self.text(header.affine)),
                    \(scope.user), \(series.uploadedAt))
                """)
        } catch let error as DatabaseError where error.constraint == "uq_series_study_id_content_digest" {
            throw AppError.invalid("file", "This image was already uploaded for this case as another sequence.")
        } catch let error as DatabaseError where error.constraint == "uq_series_study_id_role" {
            throw AppError(.conflict, "Another upload of this sequence was faster; try again.", cause: error)
        }
        try connection.executeAll(
            series.files.enumerated().map { index, file in
                """
                INSERT INTO series_blobs (institution_id, series_id, position, blob_id)
                VALUES (\(scope.institution), \(series.id), \(index + 1), \(file.blob))
                """
            })
    }

    private func nextPosition(_ scope: Scope, _ role: Series.Role, in study: ID<ImagingStudy>) throws -> Int {
        let last = try connection.queryOne(
            """
            SELECT MAX(position) AS position FROM series
            WHERE institution_id = \(scope.institution) AND study_id = \(study) AND role = \(role)
            """
        )?.optional("position", as: Int.self)
        return (last ?? 0) + 1
    }

    package func update(_ scope: Scope, _ series: Series, role: Series.Role, filename: String) throws {
        if role != series.role {
            let position = try nextPosition(scope, role, in: series.study)
            try connection.execute(
                """
                UPDATE series SET role = \(role), position = \(position)
                WHERE institution_id = \(scope.institution) AND id = \(series.id)
                """)
        }
        try connection.execute(
            """
            UPDATE series SET original_filename = \(filename)
            WHERE institution_id = \(scope.institution) AND id = \(series.id)
            """)
    }

    /// Replaces a series' file by its deidentified copy.
    ///
    /// - Returns: false if the series has another file by now.
    package func replaceFile(
        _ scope: Scope, _ series: Series, by blob: BlobKey, _ header: SeriesHeader
    ) throws -> Bool {
        let changed = try connection.execute(
            """
            UPDATE series SET affine = \(Self.text(header.affine)), file_format = \(header.format)
            WHERE institution_id = \(scope.institution) AND id = \(series.id) AND file_format IS NULL
                AND replaced_at IS NULL
            """)
        guard changed == 1 else { return false }
        try connection.execute(
            """
            UPDATE series_blobs SET blob_id = \(blob)
            WHERE institution_id = \(scope.institution) AND series_id = \(series.id) AND position = 1
            """)
        return true
    }

    /// Reduces a series to its geometry and digest, for the results that were measured on it; the caller removes its
    /// files.
    package func replace(_ scope: Scope, _ series: Series, at time: Timestamp) throws {
        try connection.execute(
            """
            UPDATE series SET replaced_at = \(time), original_filename = ''
            WHERE institution_id = \(scope.institution) AND id = \(series.id)
            """)
        try connection.execute(
            "DELETE FROM series_blobs WHERE institution_id = \(scope.institution) AND series_id = \(series.id)")
    }

    package func delete(_ scope: Scope, _ id: ID<Series>) throws {
        try connection.execute("DELETE FROM series WHERE institution_id = \(scope.institution) AND id = \(id)")
    }

    private static func text(_ affine: VoxelAffine?) throws -> String? {
        try affine.map { String(decoding: try JSONEncoder().encode($0.rows), as: UTF8.self) }
    }
}

extension Series {
    /// From rows that differ only in the file.
    fileprivate init(_ rows: [SQLRow]) throws {
        let row = rows[0]
        id = try row.get("id")
        study = try row.get("study_id")
        role = try row.get("role")
        source = try row.get("source")
        instanceUID = try row.optional("instance_uid")
        frameOfReferenceUID = try row.optional("frame_of_reference_uid")
        originalFilename = try row.get("original_filename")
        files = try rows.compactMap { row in
            try row.optional("blob_id", as: BlobKey.self).map { File(blob: $0, size: try row.get("blob_size")) }
        }
        header = SeriesHeader(
            size: try Self.size(row),
            spacing: [try row.get("spacing_x"), try row.get("spacing_y"), try row.get("spacing_z")],
            affine: try Self.affine(row), format: try row.optional("file_format"))
        contentDigest = try row.get("content_digest")
        uploadedAt = try row.get("uploaded_at")
    }

    fileprivate static func size(_ row: SQLRow) throws -> GridSize {
        GridSize(i: try row.get("size_x"), j: try row.get("size_y"), k: try row.get("size_z"))
    }

    fileprivate static func affine(_ row: SQLRow) throws -> VoxelAffine? {
        let rows = try row.optional("affine", as: String.self).map {
            try JSONDecoder().decode([Double].self, from: Data($0.utf8))
        }
        return rows.flatMap { $0.count == 12 ? VoxelAffine(rows: $0) : nil }
    }
}
