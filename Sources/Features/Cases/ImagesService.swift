import Imaging
import Kernel
import Storage

/// The rules of uploaded series: which are accepted and which they replace.
package struct ImagesService: Sendable {
    let database: any Database
    let blobs: any BlobStore
    private let audit: AuditService
    private let contents: CaseContents
    private let inspector: SeriesInspector
    /// The default quota of an institution in bytes; `nil` means no limit.
    private let quota: Int64?
    let clock: @Sendable () -> Timestamp

    package init(
        database: any Database, blobs: any BlobStore, audit: AuditService, contents: CaseContents,
        inspector: SeriesInspector, quota: Int64? = nil, clock: @escaping @Sendable () -> Timestamp = { .now }
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
            let (found, clean) = try await blobs.withFile(uploaded) { url in
                (try await inspector.inspect(url), try await inspector.deidentify(url, in: blobs))
            }
            kept = clean ?? uploaded
            try await blobs.commit(kept)
            let upload = SeriesUpload(
                role: Series.Role(modality), filename: MRIImage.displayed(filename), file: kept, header: found.header,
                contentDigest: found.contentDigest)
            let (added, replaced) = try await insert(scope, upload, into: id) { connection in
                // Checked again, since a report may have been signed while the file was read.
                if !force { try contents.requireUnsigned(scope, case: id, on: connection) }
                try also(connection)
            }
            for key in replaced { try? await blobs.delete(key) }
            if kept.key != uploaded.key { await blobs.discard(uploaded) }
            return added
        } catch {
            // Removes it wherever it lies by now: a refused upload leaves nothing.
            await blobs.delete([uploaded.key, kept.key], unlessNamedIn: database)
            throw error
        }
    }

    package func list(_ scope: Scope, case id: CaseID) async throws -> [MRIImage] {
        let images = try await database.read { connection in
            let item = try CaseStore(connection).require(scope, id)
            let images = try CaseStore(connection).images(scope, of: item.id).compared
            return Policy.reach(of: .readCase, scope) == .anonymised ? images.map(\.anonymised) : images
        }
        try await audit.record(AuditEntry(scope, "image.list", "case", id.string, at: clock()))
        return images
    }

    // MARK: Parts

    private func insert(
        _ scope: Scope, _ upload: SeriesUpload, into id: CaseID, also: @escaping JobWrites
    ) async throws -> (added: MRIImage, replaced: [BlobKey]) {
        let now = clock()
        return try await database.write { connection in
            // One upload of a case at a time: of two with the same sequence the later one replaces the other.
            let cases = CaseStore(connection)
            try cases.lock(scope, id)
            let item = try Self.openCase(scope, id, on: connection)
            let store = SeriesStore(connection)
            let replaced = try store.list(scope, study: item.study.id).filter { $0.role == upload.role }
            for old in replaced { try store.replace(scope, old, at: now) }
            let rows = BlobRowStore(connection)
            try rows.insert(scope, upload.file, case: id, at: now)
            let series = upload.series(of: item.study.id, at: now)
            try store.insert(scope, series)
            let files = replaced.flatMap(\.files).map(\.blob)
            try rows.delete(scope, files)
            // The institution's row is locked by now: concurrent uploads cannot exceed the quota together.
            try QuotaStore(connection).requireRoom(scope, defaultQuota: quota)
            try also(connection)
            try cases.settleSeriesWarning(scope, id)
            try cases.setStatus(scope, id, .uploaded, at: now)
            let action = replaced.isEmpty ? "image.upload" : "image.replace"
            try AuditStore(connection).append(AuditEntry(scope, action, "image", series.id.string, at: now))
            guard let added = try cases.images(scope, of: id).compared.first(where: { $0.id == series.id }) else {
                throw AppError(.internalFault, "The image was not stored.")
            }
            return (added, files)
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
    /// The last component of a client's file name without invisible characters, for display only.
    static func displayed(_ filename: String) -> String {
        let last = filename.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map { String($0).visible.trimmed }
        return String((last.flatMap { $0.isEmpty ? nil : $0 } ?? "image").unicodeScalars.prefix(255))
    }
}

/// An inspected series that is about to be stored.
private struct SeriesUpload: Sendable {
    let role: Series.Role
    let filename: String
    let file: StagedBlob
    let header: SeriesHeader
    let contentDigest: String

    func series(of study: ID<ImagingStudy>, at time: Timestamp) -> Series {
        Series(
            study: study, role: role, originalFilename: filename,
            files: [Series.File(blob: file.key, size: file.size)], header: header, contentDigest: contentDigest,
            uploadedAt: time)
    }
}
