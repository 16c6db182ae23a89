import Imaging
import Kernel
import Storage

/// The rules of files that arrive in parts: begun, continued after any break, and looked at like any other once whole.
package struct UploadsService: Sendable {
    private let database: any Database
    private let partials: any PartialBlobs
    private let images: ImagesService
    private let audit: AuditService
    /// How long an upload may take, from its beginning.
    private let lifetime: Duration
    private let clock: @Sendable () -> Timestamp

    /// Uploads under way for one case.
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

    /// Begins a file of `size` bytes, of which none are here yet.
    ///
    /// - Parameter force: also where the case has a signed report.
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

    /// An upload and how many of its bytes are here.
    package struct Progress: Sendable {
        package let upload: CaseUpload
        package let offset: Int64
    }

    /// How far an upload is. One that is whole but could not be looked at before, since the server stopped, is looked at now.
    package func progress(_ scope: Scope, _ id: UploadID, case caseID: CaseID) async throws -> Progress {
        let upload = try await find(scope, id, case: caseID)
        try await audit.record(AuditEntry(scope, "upload.read", "upload", id.string, at: clock()))
        guard upload.completedAt == nil else { return Progress(upload: upload, offset: upload.size) }
        let offset = try await size(upload)
        // Where somebody is writing it, that one will see to it.
        if offset == upload.size, let lock = try await partials.open(id.blobKey, at: offset, limit: offset) {
            try await lock.release { try await complete(scope, upload) }
        }
        return Progress(upload: upload, offset: offset)
    }

    /// Opens an upload to add bytes from `offset` on.
    ///
    /// - Throws: conflict where it does not stand there, locked where another request is adding to it.
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

    /// Ends a request that has added bytes; the upload that is whole by now becomes the case's image.
    package func close(_ scope: Scope, _ appender: UploadAppender) async throws -> Progress {
        let upload = appender.upload
        return try await appender.finish { offset in
            try await audit.record(AuditEntry(scope, "upload.append", "upload", upload.id.string, at: clock()))
            if offset == upload.size { try await complete(scope, upload) }
            return Progress(upload: upload, offset: offset)
        }
    }

    /// Gives an upload up.
    package func delete(_ scope: Scope, _ id: UploadID, case caseID: CaseID) async throws {
        let now = clock()
        let upload = try await find(scope, id, case: caseID)
        try await database.write { connection in
            try UploadStore(connection).delete(scope, upload.id)
            try AuditStore(connection).append(AuditEntry(scope, "upload.delete", "upload", id.string, at: now))
        }
        await partials.remove(id.blobKey)
    }

    /// Removes what has expired, and files that no row names: the operator's housekeeping.
    package func deleteExpired() async throws {
        let now = clock()
        for id in try await database.write({ try UploadStore($0).deleteExpired(at: now) }) {
            await partials.remove(id.blobKey)
        }
        for try await keys in partials.pages(writtenBefore: now.advanced(by: .zero - lifetime)) {
            for key in keys {
                guard let id = UploadID(key.string) else { continue }
                if try await database.read({ try !UploadStore($0).isNamed(id) }) { await partials.remove(key) }
            }
        }
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

    /// The same way as a file that came in one piece; what is no image goes with its upload. The caller has the file's lock.
    private func complete(_ scope: Scope, _ upload: CaseUpload) async throws {
        let key = upload.id.blobKey
        try await images.checkUpload(scope, case: upload.caseID, force: upload.isForced)
        let now = clock()
        // Where the store does not answer nothing is given up: the next request tries again.
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
