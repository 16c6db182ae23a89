import Imaging
import Kernel
import Storage

/// The rules of resumable uploads: create, resume after an interruption, and validate like any other file when
/// complete.
package struct UploadsService: Sendable {
    private let database: any Database
    private let partials: any PartialBlobs
    private let images: ImagesService
    private let audit: AuditService
    /// How long an upload may take, counted from its creation.
    private let lifetime: Duration
    private let clock: @Sendable () -> Timestamp

    /// The maximum number of uploads in progress per case.
    private static let openLimit = 50

    package init(
        database: any Database, partials: any PartialBlobs, images: ImagesService, audit: AuditService,
        lifetime: Duration = .seconds(86_400), clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.partials = partials
        self.images = images
        self.audit = audit
        self.lifetime = lifetime
        self.clock = clock
    }

    /// Creates an upload of `size` bytes, at offset 0.
    ///
    /// - Parameter force: also allows a case that has a signed report.
    package func create(
        _ scope: Scope, case caseID: CaseID, modality: MRISequence, filename: String, size: Int64,
        force: Bool = false
    ) async throws -> CaseUpload {
        let now = clock()
        try await images.checkUpload(scope, case: caseID, size: size, isResumable: true, force: force)
        let upload = CaseUpload(
            id: ID(), institution: scope.institution, caseID: caseID, createdBy: scope.user, modality: modality,
            filename: MRIImage.displayed(filename), size: size, createdAt: now,
            expiresAt: now.advanced(by: lifetime), isForced: force)
        try await partials.begin(upload.id.blobKey)
        do {
            try await database.write { connection in
                _ = try CaseStore(connection).require(scope, caseID, for: .uploadImage)
                let store = UploadStore(connection)
                guard try store.openCount(scope, case: caseID, at: now) < Self.openLimit else {
                    throw AppError(
                        .conflict, "Too many uploads of this case are in progress. Finish or cancel some first.")
                }
                try store.insert(scope, upload)
                try AuditStore(connection).append(
                    AuditEntry(scope, "upload.create", "upload", upload.id.string, at: now))
            }
        } catch {
            await partials.remove(upload.id.blobKey)
            throw error
        }
        return upload
    }

    /// An upload and its current offset in bytes.
    package struct Progress: Sendable {
        package let upload: CaseUpload
        package let offset: Int64
    }

    /// The upload's progress. If all bytes were received but the server stopped before validating them, they are
    /// validated now.
    package func progress(_ scope: Scope, _ id: UploadID, case caseID: CaseID) async throws -> Progress {
        let upload = try await find(scope, id, case: caseID)
        try await audit.record(AuditEntry(scope, "upload.read", "upload", id.string, at: clock()))
        guard upload.completedAt == nil else { return Progress(upload: upload, offset: upload.size) }
        let offset = try await size(upload)
        // If another request holds the lock, that request completes the upload.
        if offset == upload.size, let lock = try await partials.open(id.blobKey, at: offset, limit: offset) {
            try await lock.release { try await complete(scope, upload) }
        }
        return Progress(upload: upload, offset: offset)
    }

    /// Opens an upload for appending at `offset`.
    ///
    /// - Throws: conflict if `offset` is not the upload's offset, locked if another request is appending.
    package func open(
        _ scope: Scope, _ id: UploadID, case caseID: CaseID, at offset: Int64
    ) async throws -> UploadAppender {
        let upload = try await find(scope, id, case: caseID)
        guard upload.completedAt == nil else {
            throw AppError(.conflict, "Upload is already complete.")
        }
        guard let writer = try await partials.open(id.blobKey, at: offset, limit: upload.size) else {
            throw AppError(.locked, "Another request is writing to this upload. Try again later.")
        }
        return UploadAppender(upload: upload, writer: writer)
    }

    /// Finishes a request that has appended bytes. A complete upload becomes a series of the case.
    package func close(_ scope: Scope, _ appender: UploadAppender) async throws -> Progress {
        let upload = appender.upload
        return try await appender.finish { offset in
            try await audit.record(AuditEntry(scope, "upload.append", "upload", upload.id.string, at: clock()))
            if offset == upload.size { try await complete(scope, upload) }
            return Progress(upload: upload, offset: offset)
        }
    }

    /// Cancels an upload.
    package func delete(_ scope: Scope, _ id: UploadID, case caseID: CaseID) async throws {
        let now = clock()
        let upload = try await find(scope, id, case: caseID)
        try await database.write { connection in
            try UploadStore(connection).delete(scope, upload.id)
            try AuditStore(connection).append(AuditEntry(scope, "upload.delete", "upload", id.string, at: now))
        }
        await partials.remove(id.blobKey)
    }

    /// Deletes expired uploads and files that no row references: the operator's maintenance.
    ///
    /// - Returns: the number of expired uploads.
    @discardableResult
    package func deleteExpired() async throws -> Int {
        let now = clock()
        let expired = try await database.write { try UploadStore($0).deleteExpired(at: now) }
        for id in expired { await partials.remove(id.blobKey) }
        for try await keys in partials.pages(writtenBefore: now.advanced(by: .zero - lifetime)) {
            for key in keys {
                guard let id = UploadID(key.string) else { continue }
                if try await database.read({ try !UploadStore($0).isNamed(id) }) { await partials.remove(key) }
            }
        }
        return expired.count
    }

    // MARK: Parts

    private func find(_ scope: Scope, _ id: UploadID, case caseID: CaseID) async throws -> CaseUpload {
        let now = clock()
        return try await database.read { connection in
            _ = try CaseStore(connection).require(scope, caseID, for: .uploadImage)
            guard let upload = try UploadStore(connection).find(scope, id, case: caseID, at: now) else {
                throw AppError(.notFound, "Upload not found or expired.")
            }
            return upload
        }
    }

    private func size(_ upload: CaseUpload) async throws -> Int64 {
        do {
            return try await partials.size(upload.id.blobKey)
        } catch BlobError.missing {
            throw AppError(.notFound, "Upload not found or expired.")
        }
    }

    /// Validates and adds the file like one that was uploaded in a single request; if it is not a valid image, the
    /// upload is deleted. The caller must hold the file's lock.
    private func complete(_ scope: Scope, _ upload: CaseUpload) async throws {
        let key = upload.id.blobKey
        try await images.checkUpload(scope, case: upload.caseID, force: upload.isForced)
        let now = clock()
        // If the store is unavailable, nothing is discarded: the next request retries.
        let file = ReceivedFile(staged: try await partials.complete(key))
        do {
            _ = try await images.add(
                scope, case: upload.caseID, modality: upload.modality, filename: upload.filename, file: file,
                force: upload.isForced
            ) { try UploadStore($0).complete(scope, upload.id, at: now) }
        } catch {
            try? await database.write { try UploadStore($0).delete(scope, upload.id) }
            await partials.remove(key)
            throw error
        }
        await partials.remove(key)
    }
}
