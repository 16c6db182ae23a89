import Imaging
import Storage

// What whoever may upload to a case may do with its series afterwards.

extension ImagesService {
    /// Says which sequence a series is, and what its file is called.
    package func update(_ scope: Scope, _ id: ID<MRIImage>, modality: String, filename: String) async throws {
        var check = Validation()
        let sequence = check.choice("modality", modality, among: MRISequence.self)
        let name = MRIImage.displayed(check.text("originalFilename", filename, required: true, atMost: 255))
        try check.finish()
        guard let sequence else { return }
        let now = clock()
        try await database.write { connection in
            let image = try Self.openImage(scope, id, on: connection)
            let store = ImageStore(connection)
            guard image.modality != sequence || image.originalFilename != name else { return }
            let others = try store.list(scope, case: image.caseID).filter { $0.id != id }
            if others.contains(where: { $0.modality == sequence }) {
                throw AppError.invalid("modality", "The case has another image of this sequence.")
            }
            try store.update(scope, id, modality: sequence, filename: name)
            if image.modality != sequence {
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

    /// The series goes with its file; results that were measured on it stay and say so.
    package func delete(_ scope: Scope, _ id: ID<MRIImage>) async throws {
        let now = clock()
        let blob = try await database.write { connection in
            let image = try Self.openImage(scope, id, on: connection)
            let store = ImageStore(connection)
            try store.delete(scope, id)
            try BlobRowStore(connection).delete(scope, [image.blob])
            let isEmpty = try store.list(scope, case: image.caseID).isEmpty
            try CaseStore(connection).setStatus(scope, image.caseID, isEmpty ? .created : .uploaded, at: now)
            try AuditStore(connection).append(AuditEntry(scope, "image.delete", "image", id.string, at: now))
            return image.blob
        }
        try? await blobs.delete(blob)
    }

    /// The series, if its case may be uploaded to now.
    private static func openImage(
        _ scope: Scope, _ id: ID<MRIImage>, on connection: any DatabaseConnection
    ) throws -> MRIImage {
        guard let image = try ImageStore(connection).find(scope, id),
            try CaseStore(connection).find(scope, image.caseID) != nil
        else { throw AppError(.notFound, "There is no such image.") }
        _ = try openCase(scope, image.caseID, on: connection)
        return image
    }
}
