import Foundation
import Imaging
import Storage

/// The rows of uploaded series; the caller has checked that `scope` may see their case.
package struct ImageStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// A case's series in the models' order.
    package func list(_ scope: Scope, case id: CaseID) throws -> [MRIImage] {
        try connection.query(
            "SELECT * FROM images WHERE institution_id = \(scope.institution) AND case_id = \(id)"
        ).map(MRIImage.init).sorted { $0.modality < $1.modality }
    }

    /// The caller checks that `scope` may see the image's case.
    func find(_ scope: Scope, _ id: ID<MRIImage>) throws -> MRIImage? {
        try connection.queryOne(
            "SELECT * FROM images WHERE institution_id = \(scope.institution) AND id = \(id)"
        ).map(MRIImage.init)
    }

    func update(_ scope: Scope, _ id: ID<MRIImage>, modality: MRISequence, filename: String) throws {
        try connection.execute(
            """
            UPDATE images SET modality = \(modality.rawValue), original_filename = \(filename)
            WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
    }

    func insert(_ scope: Scope, _ image: MRIImage) throws {
        do {
            try connection.execute(
                """
                INSERT INTO images
                    (id, institution_id, case_id, blob_id, modality, original_filename, file_size, content_digest,
                    size_x, size_y, size_z, spacing_x, spacing_y, spacing_z, uploaded_by, uploaded_at, affine,
                    file_format)
                VALUES (\(image.id), \(scope.institution), \(image.caseID), \(image.blob), \(image.modality.rawValue),
                    \(image.originalFilename), \(image.fileSize), \(image.contentDigest), \(image.dimensions[0]),
                    \(image.dimensions[1]), \(image.dimensions[2]), \(image.spacing[0]), \(image.spacing[1]),
                    \(image.spacing[2]), \(scope.user), \(image.uploadedAt), \(Self.text(image.affine)),
                    \(image.format))
                """)
        } catch let error as DatabaseError where error.constraint == "uq_images_case_id_content_digest" {
            throw AppError.invalid("file", "This image was already uploaded for this case as another sequence.")
        } catch let error as DatabaseError where error.constraint == "uq_images_case_id_modality" {
            throw AppError(.conflict, "Another upload of this sequence was faster; try again.", cause: error)
        }
    }

    /// Puts a file without what named the patient in the place of the one that was stored before.
    ///
    /// - Returns: false where the series is another one by now.
    func replaceFile(_ scope: Scope, _ image: MRIImage, by blob: BlobKey, size: Int64, _ header: StoredHeader) throws
        -> Bool
    {
        try connection.queryOne(
            """
            UPDATE images SET blob_id = \(blob), file_size = \(size), affine = \(Self.text(header.affine)),
                file_format = \(header.format)
            WHERE institution_id = \(scope.institution) AND id = \(image.id) AND blob_id = \(image.blob)
                AND file_format IS NULL
            RETURNING id
            """) != nil
    }

    private static func text(_ affine: VoxelAffine?) throws -> String? {
        try affine.map { String(decoding: try JSONEncoder().encode($0.rows), as: UTF8.self) }
    }

    func delete(_ scope: Scope, _ id: ID<MRIImage>) throws {
        try connection.execute("DELETE FROM images WHERE institution_id = \(scope.institution) AND id = \(id)")
    }
}

extension MRIImage {
    init(_ row: SQLRow) throws {
        let modality: String = try row.get("modality")
        guard let sequence = MRISequence(rawValue: modality) else {
            throw DatabaseError(.decoding, "Column modality holds an unknown sequence.")
        }
        id = try row.get("id")
        caseID = try row.get("case_id")
        self.modality = sequence
        blob = try row.get("blob_id")
        originalFilename = try row.get("original_filename")
        fileSize = try row.get("file_size")
        contentDigest = try row.get("content_digest")
        dimensions = [try row.get("size_x"), try row.get("size_y"), try row.get("size_z")]
        spacing = [try row.get("spacing_x"), try row.get("spacing_y"), try row.get("spacing_z")]
        uploadedAt = try row.get("uploaded_at")
        format = try row.optional("file_format")
        let rows = try row.optional("affine", as: String.self).map {
            try JSONDecoder().decode([Double].self, from: Data($0.utf8))
        }
        affine = rows.flatMap { $0.count == 12 ? VoxelAffine(rows: $0) : nil }
        problem = nil
    }
}
