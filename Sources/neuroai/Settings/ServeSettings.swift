import Features
import Foundation
import Web

/// The settings of the server.
struct ServeSettings: Sendable {
    let host: String
    let port: Int
    let web: WebSettings
    /// The settings of accounts, passwords and tokens.
    let signIn: SignInSettings
    /// The timeout for client I/O, in seconds.
    let clientTimeout: Int
    /// How long requests in progress may take after a shutdown signal.
    let shutdownTimeout: Duration
    /// How long a signed file URL is valid.
    let fileURLLifetime: Duration
    /// How long a deleted case can be restored.
    let caseRetention: Duration
    /// The storage quota, in bytes, of institutions without their own; `nil` means no limit.
    let institutionQuota: Int64?
    /// How long a resumable upload may take.
    let uploadLifetime: Duration
    let events: EventSettings
    /// `nil` if no provider is configured.
    let singleSignOn: SingleSignOnSettings?

    init(_ settings: Settings) throws {
        host = settings["HOST"] ?? "127.0.0.1"
        port = try settings.number("PORT")
        var web = WebSettings(version: NeuroAI.version)
        web.uploadLimit = try settings.bytes("MAX_UPLOAD_SIZE")
        web.allowedOrigins = settings.list("CORS_ALLOWED_ORIGINS")
        web.publicURL = settings["PUBLIC_URL"].map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        web.allowedHosts = Self.hosts(settings, listening: host, publicURL: web.publicURL)
        web.swaggerUI = settings["SWAGGER_UI_PATH"].map { URL(fileURLWithPath: $0, isDirectory: true) }
        web.trustedProxies = settings.list("TRUSTED_PROXIES")
        web.metricsToken = settings["METRICS_TOKEN"]
        web.storageOrigin = try settings.storageOrigin()
        self.web = web
        singleSignOn = try settings.singleSignOn(publicURL: web.publicURL)
        clientTimeout = try settings.number("CLIENT_TIMEOUT")
        shutdownTimeout = .seconds(try settings.number("SHUTDOWN_TIMEOUT"))
        signIn = try SignInSettings(settings)
        fileURLLifetime = .seconds(try settings.number("FILE_URL_LIFETIME") * 60)
        caseRetention = .seconds(try settings.number("CASE_RETENTION_DAYS") * 86_400)
        let quota = try settings.bytes("INSTITUTION_QUOTA")
        institutionQuota = quota == 0 ? nil : quota
        var events = EventSettings()
        events.streams = try settings.number("EVENT_STREAMS")
        events.streamsPerUser = try settings.number("EVENT_STREAMS_PER_USER")
        events.keepAlive = .seconds(try settings.number("EVENT_KEEPALIVE"))
        events.lifetime = .seconds(try settings.number("EVENT_STREAM_LIFETIME"))
        events.readTimeout = .seconds(clientTimeout)
        self.events = events
        uploadLifetime = .seconds(try settings.number("UPLOAD_LIFETIME_HOURS") * 3600)
    }

    /// The hosts in `ALLOWED_HOSTS`, or else the local names and the listening address; plus the host of the public
    /// URL.
    private static func hosts(_ settings: Settings, listening host: String, publicURL: String?) -> [String] {
        let named = settings.list("ALLOWED_HOSTS")
        let ours = WebSettings.localHosts + [host.contains(":") ? "[\(host)]" : host]
        return (named.isEmpty ? ours : named) + [publicURL.flatMap { URL(string: $0)?.host }].compactMap { $0 }
    }
}
