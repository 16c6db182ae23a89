import Storage

/// Removes what could name the patient from a series that was stored before uploads were rid of it, when its file is first asked for.
struct SeriesStripper: Sendable {
    let database: any Database
    let blobs: any BlobStore
    let inspector: ImageInspector

    /// The grant's file is afterwards one that may be served, or another one by now.
    func strip(_ grant: FileGrant, origin: RequestOrigin, at now: Timestamp) async throws {
        // No rule asks for the role: it is the service's own work.
        let scope = Scope(institution: grant.holder.institution, user: grant.holder.user, role: .doctor, origin: origin)
        guard let id = ID<MRIImage>(grant.object.string),
            let image = try await database.read({ try ImageStore($0).find(scope, id) }), image.format == nil
        else { return }
        let url = try await blobs.localURL(image.blob)
        let header = try await inspector.header(of: url)
        let clean = try await inspector.deidentify(url, in: blobs)
        do {
            if let clean { try await blobs.commit(clean) }
            let isReplaced = try await replace(scope, image, by: clean, header, at: now)
            if let clean { try? await blobs.delete(isReplaced ? image.blob : clean.key) }
        } catch {
            if let clean { try? await blobs.delete(clean.key) }
            throw error
        }
    }

    private func replace(
        _ scope: Scope, _ image: MRIImage, by clean: StagedBlob?, _ header: StoredHeader, at now: Timestamp
    ) async throws -> Bool {
        try await database.write { connection in
            let rows = BlobRowStore(connection)
            if let clean { try rows.insert(scope, clean, case: image.caseID, at: now) }
            let isReplaced = try ImageStore(connection).replaceFile(
                scope, image, by: clean?.key ?? image.blob, size: clean?.size ?? image.fileSize, header)
            if let clean { try rows.delete(scope, [isReplaced ? image.blob : clean.key]) }
            if isReplaced {
                try AuditStore(connection).append(
                    AuditEntry(scope, "image.strip", "image", image.id.string, at: now))
            }
            return isReplaced
        }
    }
}
