import Features
import Foundation
import Web

/// What the operator has decided about serving.
struct ServeSettings: Sendable {
    /// `HOST` (default `127.0.0.1`: nobody else can reach it).
    let host: String
    /// `PORT` (default 8000).
    let port: Int
    /// `MAX_UPLOAD_SIZE` in bytes (default 1 GiB), `CORS_ALLOWED_ORIGINS` (comma-separated), `PUBLIC_URL`.
    let web: WebSettings
    /// `JWT_ACCESS_TOKEN_LIFETIME` and `JWT_REFRESH_TOKEN_LIFETIME` in minutes (default 60 and 1440).
    let sessions: SessionSettings

    init(_ settings: Settings) throws {
        host = settings["HOST"] ?? "127.0.0.1"
        port = try Self.number("PORT", settings, default: 8000, in: 1...65_535)
        var web = WebSettings(version: NeuroAI.version)
        web.uploadLimit = Int64(
            try Self.number("MAX_UPLOAD_SIZE", settings, default: Int(web.uploadLimit), in: 1...(1 << 40)))
        if let origins = settings["CORS_ALLOWED_ORIGINS"] {
            web.allowedOrigins = origins.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        web.publicURL = settings["PUBLIC_URL"].map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.web = web
        let access = try Self.number("JWT_ACCESS_TOKEN_LIFETIME", settings, default: 60, in: 1...1440)
        let refresh = try Self.number("JWT_REFRESH_TOKEN_LIFETIME", settings, default: 1440, in: 1...525_600)
        sessions = SessionSettings(
            accessLifetime: .seconds(access * 60), refreshLifetime: .seconds(refresh * 60))
    }

    private static func number(
        _ name: String, _ settings: Settings, default standard: Int, in range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = settings[name] else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError("\(name) is a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}

/// A setting that can't be used.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
