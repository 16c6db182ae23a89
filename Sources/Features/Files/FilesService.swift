import Foundation
import Imaging
import Kernel
import Storage

/// Issues URLs of stored files and serves the files.
package struct FilesService: Sendable {
    private let database: any Database
    private let blobs: any BlobStore
    private let audit: AuditService
    private let signer: FileGrantSigner
    private let lifetime: Duration
    private let stripper: SeriesStripper
    private let clock: @Sendable () -> Timestamp

    /// - Parameter lifetime: how long a URL is valid.
    package init(
        database: any Database, blobs: any BlobStore, audit: AuditService, signer: FileGrantSigner,
        lifetime: Duration = .seconds(15 * 60), clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.blobs = blobs
        self.audit = audit
        self.signer = signer
        self.lifetime = lifetime
        stripper = SeriesStripper(database: database, blobs: blobs, inspector: .nifti(threads: 1))
        self.clock = clock
    }

    /// A signed path below `/api/files/` for a user who has just been shown the image.
    package func path(_ scope: Scope, _ image: MRIImage) -> String {
        path(scope, .image, image.id.string, name: image.series.servedName)
    }

    /// A signed path of a result file.
    package func path(_ scope: Scope, _ file: ResultFile) -> String {
        path(scope, .result, file.id.string, name: file.name.replacing("/", with: "-"))
    }

    /// A signed path of a report's PDF.
    package func path(_ scope: Scope, _ printed: PrintedReport) -> String {
        path(scope, .report, printed.id.string, name: "report.pdf")
    }

    private func path(_ scope: Scope, _ kind: FileGrant.Kind, _ id: String, name: String) -> String {
        // File URLs are issued to signed-in users only.
        guard let object = ID<StoredFile>(id), let session = scope.session else { return "" }
        let holder = FileGrant.Holder(institution: scope.institution, user: scope.user, session: session)
        let grant = FileGrant(
            holder: holder, kind: kind, object: object, expires: Int64(clock().advanced(by: lifetime).seconds))
        return "/api/files/\(kind.rawValue)/\(id)/\(name)?expires=\(grant.expires)&institution=\(holder.institution)"
            + "&user=\(holder.user)&session=\(session)&signature=\(signer.signature(of: grant))"
    }

    /// The file that a signed URL refers to.
    ///
    /// - Throws: forbidden if the URL was changed or has expired, or if its holder has signed out or lost the account;
    ///   not found if the file no longer exists or its holder may no longer see it.
    package func open(_ grant: FileGrant, signature: String, origin: RequestOrigin) async throws -> StoredFile {
        let isOurs = signer.isValid(signature, for: grant)
        guard isOurs, clock().seconds < Double(grant.expires) else {
            try await recordRefusal(grant, isOurs: isOurs, origin)
            throw Self.expired
        }
        var (isSignedIn, found) = try await find(grant, origin)
        if found?.isUnstripped == true {
            try await strip(grant, origin)
            (isSignedIn, found) = try await find(grant, origin)
        }
        guard let file = found else {
            try await recordRefusal(grant, isOurs: true, origin)
            throw isSignedIn ? AppError(.notFound, "File not found.") : Self.expired
        }
        try await audit.record(
            AuditEntry(
                institution: grant.holder.institution, actor: grant.holder.user, origin: origin, action: "file.read",
                objectType: grant.kind.rawValue, objectID: grant.object.string, at: clock()))
        return file
    }

    /// De-identifies a series on first access if it was stored before uploads were de-identified.
    private func strip(_ grant: FileGrant, _ origin: RequestOrigin) async throws {
        // The role does not matter, since this is the service's own work.
        let scope = Scope(institution: grant.holder.institution, user: grant.holder.user, role: .doctor, origin: origin)
        guard let id = ID<Series>(grant.object.string),
            let image = try await database.read({ try CaseStore($0).image(scope, id) })
        else { return }
        try await stripper.strip(scope, image.series, of: image.caseID, at: clock())
    }

    /// The case that a file belongs to. Returns `nil` if `scope` may not see it.
    package func caseID(
        _ scope: Scope, _ kind: FileGrant.Kind, _ object: ID<StoredFile>
    ) async throws -> CaseID? {
        try await database.read { try FileStore($0).caseID(scope, kind, object) }
    }

    private static let expired = AppError(
        .forbidden, "This link is invalid or has expired. Reload the case.")

    /// Whether the URL's holder is still signed in, and the file if the holder may still see it.
    private func find(_ grant: FileGrant, _ origin: RequestOrigin) async throws -> (Bool, StoredFile?) {
        try await database.read { connection -> (Bool, StoredFile?) in
            let store = FileStore(connection)
            guard let scope = try store.scope(of: grant.holder, origin: origin) else { return (false, nil) }
            return (true, try store.find(grant, scope))
        }
    }

    /// A URL with an invalid signature can name any institution, so its denial is recorded for the default one.
    private func recordRefusal(_ grant: FileGrant, isOurs: Bool, _ origin: RequestOrigin) async throws {
        try await audit.recordRefusal(
            AuditEntry(
                institution: isOurs ? grant.holder.institution : .default, actor: isOurs ? grant.holder.user : nil,
                origin: origin, action: "file.read",
                objectType: grant.kind.rawValue, objectID: grant.object.string, outcome: .refused, at: clock()))
    }

    /// The bytes, those in `range`, or a URL from which the client gets them.
    package func deliver(_ file: StoredFile, range: Range<Int64>?) async throws -> BlobDelivery {
        try await blobs.deliver(
            file.blob, range: range, as: DownloadDescription(filename: file.name, mediaType: file.mediaType))
    }
}
