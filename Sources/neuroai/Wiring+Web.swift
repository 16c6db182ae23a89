import Features
import Foundation
import Kernel
import Web

extension Wiring {
    /// The services that the routes call.
    func webServices(_ serving: ServeSettings) async throws -> WebServices {
        let secret = try SecretKey.load(settings)
        let users = try await users(serving.signIn, secret: secret)
        // Without a model the API still works; the worker's tasks fail with the reason.
        let models = ModelRegistry(settings, logger: logger).installed
        let images = ImagesService(
            database: database, blobs: blobs, audit: audit, contents: .all, inspector: .nifti(),
            quota: serving.institutionQuota)
        let feed = EventFeed(database: database, logger: logger, settings: serving.events)
        return WebServices(
            users: users,
            cases: CasesService(database: database, audit: audit, contents: .all),
            images: images,
            uploads: UploadsService(
                database: database, partials: partials, images: images, audit: audit,
                lifetime: serving.uploadLifetime),
            segmentation: SegmentationService(database: database, audit: audit, contents: .all, models: models),
            models: ModelsService(database: database, installed: models),
            reports: ReportsService(database: database, audit: audit),
            reportExport: ReportExportService(
                database: database, blobs: blobs, audit: audit, printer: PrintProcess().printer),
            feedback: FeedbackService(database: database, audit: audit),
            expertMasks: ExpertMasksService(
                database: database, blobs: blobs, audit: audit, feed: JobFeed(database: database, logger: logger)),
            files: FilesService(
                database: database, blobs: blobs, audit: audit, signer: FileGrantSigner(secret: secret),
                lifetime: serving.fileURLLifetime),
            audit: audit, idempotency: IdempotencyService(database: database, secret: secret),
            sessions: users.sessions, settings: serving.web,
            operations: OperationsService(
                database: database, blobs: blobs, models: models, dataFolder: settings.mediaRoot),
            events: EventsService(database: database, audit: audit, feed: feed),
            singleSignOn: serving.singleSignOn.map {
                SingleSignOnService(sessions: users.sessions, settings: $0, transport: .http(), logger: logger)
            })
    }
}

extension Wiring {
    /// Accounts and sessions, for the server and for commands that create accounts.
    func users(_ signIn: SignInSettings, secret: String) async throws -> UsersService {
        if signIn.lacksCommonPasswords {
            logger.warning(
                "cannot read a list of common passwords; only the simplest ones are rejected",
                metadata: ["path": "\(settings["COMMON_PASSWORDS_PATH"] ?? CommonPasswords.debian)"])
        }
        let signer = try await TokenSigner(
            secret: secret, fallbacks: signIn.formerSecrets, key: signIn.tokenKey, formerKeys: signIn.formerTokenKeys)
        let sessions = SessionsService(
            database: database, hasher: try PasswordHasher(cost: signIn.hashing, threads: signIn.hashingThreads),
            signer: signer, audit: audit, settings: signIn.sessions)
        return UsersService(sessions: sessions, settings: signIn.accounts)
    }
}

/// The secret that signs tokens and URLs.
enum SecretKey {
    /// Where it is stored if `SECRET_KEY` is not set.
    static func file(_ settings: Settings) -> URL { settings.mediaRoot.appendingPathComponent("secret-key") }

    /// `SECRET_KEY`, or else a random secret that the first start stores in the media folder, readable only by its
    /// owner.
    static func load(_ settings: Settings) throws -> String {
        if let secret = settings["SECRET_KEY"] { return secret }
        let file = file(settings)
        if let secret = try? String(contentsOf: file, encoding: .utf8), !secret.isEmpty { return secret }
        let bytes = (0..<48).map { _ in UInt8.random(in: .min ... .max) }
        let secret = Data(bytes).base64EncodedString()
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            throw SettingsError("Cannot write a secret key to MEDIA_ROOT. Set SECRET_KEY.")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(secret.utf8))
        return secret
    }
}
