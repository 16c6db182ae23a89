import Imaging
import Kernel
import Storage

// Changes of uploaded series, for users who may upload to the case.

extension ImagesService {
    /// Sets a series' sequence and file name.
    package func update(_ scope: Scope, _ id: ID<Series>, modality: String, filename: String) async throws {
        var check = Validation()
        let sequence = check.choice("modality", modality, among: MRISequence.self)
        let name = MRIImage.displayed(check.text("originalFilename", filename, required: true, atMost: 255))
        try check.finish()
        guard let sequence else { return }
        let now = clock()
        try await database.write { connection in
            let image = try Self.openImage(scope, id, on: connection)
            guard image.modality != sequence || image.originalFilename != name else { return }
            let others = try CaseStore(connection).images(scope, of: image.caseID).filter { $0.id != id }
            if others.contains(where: { $0.modality == sequence }) {
                throw AppError.invalid("modality", "The case has another image of this sequence.")
            }
            try SeriesStore(connection).update(
                scope, image.series, role: Series.Role(sequence), filename: name)
            if image.modality != sequence {
                try CaseStore(connection).settleSeriesWarning(scope, image.caseID)
                try CaseStore(connection).setStatus(scope, image.caseID, .uploaded, at: now)
            }
            let changes: [FieldChange?] = [
                .withValues("modality", image.modality, sequence),
                .redacted("originalFilename", image.originalFilename, name),
            ]
            try AuditStore(connection).append(
                AuditEntry(scope, "image.update", "image", id.string, changes: changes, at: now))
        }
    }

    /// Deletes the series with its file; results that were measured on it are kept and marked.
    package func delete(_ scope: Scope, _ id: ID<Series>) async throws {
        let now = clock()
        let files = try await database.write { connection in
            let image = try Self.openImage(scope, id, on: connection)
            let files = image.series.files.map(\.blob)
            try SeriesStore(connection).delete(scope, id)
            try BlobRowStore(connection).delete(scope, files)
            try CaseStore(connection).settleSeriesWarning(scope, image.caseID)
            let isEmpty = try CaseStore(connection).images(scope, of: image.caseID).isEmpty
            try CaseStore(connection).setStatus(scope, image.caseID, isEmpty ? .created : .uploaded, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "image.delete", "image", id.string, at: now))
            return files
        }
        for file in files { try? await blobs.delete(file) }
    }

    /// The series, if its case may be uploaded to now.
    private static func openImage(
        _ scope: Scope, _ id: ID<Series>, on connection: any DatabaseConnection
    ) throws -> MRIImage {
        guard let image = try CaseStore(connection).image(scope, id),
            try CaseStore(connection).find(scope, image.caseID) != nil
        else { throw AppError(.notFound, "Image not found.") }
        _ = try openCase(scope, image.caseID, on: connection)
        return image
    }
}
