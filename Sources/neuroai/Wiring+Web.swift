import Features
import Foundation
import Web

extension Wiring {
    /// Everything that the routes call.
    func webServices(_ serving: ServeSettings) async throws -> WebServices {
        let secret = try SecretKey.load(settings)
        let sessions = SessionsService(
            database: database, hasher: try PasswordHasher(), signer: try await TokenSigner(secret: secret),
            settings: serving.sessions)
        // Without a model the API still serves; the worker's tasks then fail with the reason.
        let models = ModelShelf(settings, logger: logger).installed
        return WebServices(
            users: UsersService(sessions: sessions),
            cases: CasesService(database: database, blobs: blobs, audit: audit),
            images: ImagesService(database: database, blobs: blobs, audit: audit, inspector: .nifti()),
            segmentation: SegmentationService(database: database, audit: audit, models: models),
            models: ModelsService(database: database, installed: models),
            reports: ReportsService(database: database, audit: audit),
            files: FilesService(
                database: database, blobs: blobs, audit: audit, signer: FileGrantSigner(secret: secret)),
            sessions: sessions, settings: serving.web,
            isHealthy: { [database] in await database.isReachable() })
    }
}

/// The secret that tokens and addresses are signed with.
enum SecretKey {
    /// `SECRET_KEY`, else a random one that the first start leaves beside the media, readable by its owner alone.
    static func load(_ settings: Settings) throws -> String {
        if let secret = settings["SECRET_KEY"] { return secret }
        let file = settings.mediaRoot.appendingPathComponent("secret-key")
        if let secret = try? String(contentsOf: file, encoding: .utf8), !secret.isEmpty { return secret }
        let bytes = (0..<48).map { _ in UInt8.random(in: .min ... .max) }
        let secret = Data(bytes).base64EncodedString()
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            throw SettingsError("No secret key could be written beside the media; set SECRET_KEY.")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(secret.utf8))
        return secret
    }
}
