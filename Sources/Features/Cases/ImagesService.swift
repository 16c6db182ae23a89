import Imaging
import Storage

/// The rules of uploaded series: what is taken, what is refused, what replaces what.
package struct ImagesService: Sendable {
    let database: any Database
    let blobs: any BlobStore
    private let audit: AuditService
    private let contents: CaseContents
    private let inspector: ImageInspector
    /// Bytes that an institution may store where it has no rule of its own; nil is no limit.
    private let quota: Int64?
    let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, blobs: any BlobStore, audit: AuditService, contents: CaseContents,
        inspector: ImageInspector, quota: Int64? = nil, clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.blobs = blobs
        self.audit = audit
        self.contents = contents
        self.inspector = inspector
        self.quota = quota
        self.clock = clock
    }

    /// Whether an upload for this case would be taken at all; ask before the first byte is received.
    ///
    /// - Parameters:
    ///   - size: bytes, as far as the client has said; how much room there is for them counts again at the end.
    ///   - isResumable: whether it is to be one of the uploads in parts, to which room has been promised.
    ///   - force: also where the case has a signed report, which is about the series as they were.
    package func checkUpload(
        _ scope: Scope, case id: CaseID, size: Int64 = 0, isResumable: Bool = false, force: Bool = false
    ) async throws {
        let now = clock()
        try await database.read { connection in
            _ = try Self.openCase(scope, id, on: connection)
            if !force { try contents.requireUnsigned(scope, case: id, on: connection) }
            let quotas = QuotaStore(connection)
            let promised = isResumable ? try quotas.promised(scope, at: now) : 0
            try quotas.requireRoom(scope, for: size + promised, defaultQuota: quota)
        }
    }

    /// Looks at a staged file and, if it is a usable image, makes it the case's series of `modality`, without what could name the
    /// patient; the series that it replaces goes. The staged file is used up in any case; `also` is written with the image or not
    /// at all.
    ///
    /// - Parameter force: also where the case has a signed report, which is about the series as they were.
    package func add(
        _ scope: Scope, case id: CaseID, modality: MRISequence, filename: String, file: ReceivedFile,
        force: Bool = false, also: @escaping JobWrites = { _ in }
    ) async throws -> MRIImage {
        let uploaded = file.staged
        var kept = uploaded
        do {
            try await checkUpload(scope, case: id, force: force)
            let inspected = try await inspector.inspect(uploaded.url)
            kept = try await inspector.deidentify(uploaded.url, in: blobs) ?? uploaded
            try await blobs.commit(kept)
            let image = MRIImage(
                id: ID(), caseID: id, modality: modality, blob: kept.key,
                originalFilename: MRIImage.displayed(filename), fileSize: kept.size,
                contentDigest: inspected.contentDigest, dimensions: inspected.dimensions, spacing: inspected.spacing,
                uploadedAt: clock(), format: inspected.format, affine: inspected.affine)
            let (added, replaced) = try await insert(scope, image, staged: kept) { connection in
                // Asked again, since a report may have been signed while the file was read.
                if !force { try contents.requireUnsigned(scope, case: id, on: connection) }
                try also(connection)
            }
            for key in replaced { try? await blobs.delete(key) }
            if kept.key != uploaded.key { await blobs.discard(uploaded) }
            return added
        } catch {
            // Removes it wherever it lies by now: a refused upload leaves nothing.
            await blobs.discard(uploaded)
            for blob in [uploaded, kept] { try? await blobs.delete(blob.key) }
            throw error
        }
    }

    package func list(_ scope: Scope, case id: CaseID) async throws -> [MRIImage] {
        let images = try await database.read { connection in
            let item = try CaseStore(connection).require(scope, id)
            let images = try ImageStore(connection).list(scope, case: item.id).compared
            return Policy.reach(of: .readCase, scope) == .anonymised ? images.map(\.anonymised) : images
        }
        try await audit.record(AuditEntry(scope, "image.list", "case", id.string, at: clock()))
        return images
    }

    // MARK: Parts

    private func insert(
        _ scope: Scope, _ image: MRIImage, staged: StagedBlob, also: @escaping JobWrites
    ) async throws -> (added: MRIImage, replaced: [BlobKey]) {
        try await database.write { connection in
            // One upload of a case at a time: of two of the same sequence the later one replaces the other.
            try CaseStore(connection).lock(scope, image.caseID)
            let item = try Self.openCase(scope, image.caseID, on: connection)
            let store = ImageStore(connection)
            let replaced = try store.list(scope, case: item.id).filter { $0.modality == image.modality }
            for old in replaced { try store.delete(scope, old.id) }
            let rows = BlobRowStore(connection)
            try rows.insert(scope, staged, case: item.id, at: image.uploadedAt)
            try store.insert(scope, image)
            try rows.delete(scope, replaced.map(\.blob))
            // The institution's row is locked by now: of many uploads at once none goes beyond the quota.
            try QuotaStore(connection).requireRoom(scope, defaultQuota: quota)
            try also(connection)
            try CaseStore(connection).setStatus(scope, item.id, .uploaded, at: image.uploadedAt)
            let action = replaced.isEmpty ? "image.upload" : "image.replace"
            try AuditStore(connection).append(
                AuditEntry(scope, action, "image", image.id.string, at: image.uploadedAt))
            let added = try store.list(scope, case: item.id).compared.first { $0.id == image.id } ?? image
            return (added, replaced.map(\.blob))
        }
    }

    /// The case, if it may be uploaded to now.
    static func openCase(_ scope: Scope, _ id: CaseID, on connection: any DatabaseConnection) throws -> Case {
        let item = try CaseStore(connection).require(scope, id, for: .uploadImage)
        guard item.status != .processing else {
            throw AppError(.conflict, "The case is being segmented; wait until that is done or cancel it.")
        }
        return item
    }
}

extension MRIImage {
    /// The last part of a client's file name without invisible characters, to be shown and nothing else.
    static func displayed(_ filename: String) -> String {
        let last = filename.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map { String($0).visible.trimmed }
        return String((last.flatMap { $0.isEmpty ? nil : $0 } ?? "image").unicodeScalars.prefix(255))
    }

    /// The image for somebody who may not know the patient, whose name file names often hold.
    fileprivate var anonymised: MRIImage {
        MRIImage(
            id: id, caseID: caseID, modality: modality, blob: blob, originalFilename: servedName, fileSize: fileSize,
            contentDigest: contentDigest, dimensions: dimensions, spacing: spacing, uploadedAt: uploadedAt,
            format: format, affine: affine, problem: problem)
    }
}
