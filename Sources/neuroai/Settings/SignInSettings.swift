import Features
import Foundation
import Kernel

/// The settings of accounts, passwords and tokens.
struct SignInSettings: Sendable {
    let accounts: AccountSettings
    let sessions: SessionSettings
    let hashing: PasswordHasher.Cost
    /// The maximum number of concurrent password hashes.
    let hashingThreads: Int
    let formerSecrets: [String]
    /// `nil` signs with `SECRET_KEY`.
    let tokenKey: TokenKey?
    let formerTokenKeys: [TokenKey]
    /// `COMMON_PASSWORDS_PATH` could not be read.
    let lacksCommonPasswords: Bool

    init(_ settings: Settings) throws {
        let list = try? CommonPasswords(path: settings["COMMON_PASSWORDS_PATH"] ?? CommonPasswords.debian)
        lacksCommonPasswords = list == nil
        let rules = PasswordRules(
            shortest: try settings.number("PASSWORD_MIN_LENGTH"), common: list ?? .none)
        accounts = AccountSettings(
            registration: Self.registration(settings),
            invitationLifetime: .seconds(
                3600 * (try settings.number("INVITATION_LIFETIME"))),
            passwords: rules)
        sessions = try Self.sessions(settings)
        let lanes = try settings.number("ARGON2_LANES")
        let kibibytes = try settings.number("ARGON2_KIB")
        guard kibibytes >= 8 * lanes else { throw SettingsError("ARGON2_KIB must be at least 8 times ARGON2_LANES.") }
        hashing = PasswordHasher.Cost(
            passes: UInt32(try settings.number("ARGON2_PASSES")),
            kibibytes: UInt32(kibibytes),
            lanes: UInt32(lanes))
        hashingThreads = try settings.number("PASSWORD_THREADS")
        formerSecrets = settings.list("SECRET_KEY_FALLBACKS")
        tokenKey = try Self.tokenKey(settings)
        formerTokenKeys = try settings.list("JWT_VERIFICATION_KEYS").map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw SettingsError("JWT_VERIFICATION_KEYS must be a comma-separated list of id=file.")
            }
            return try Self.key("JWT_VERIFICATION_KEYS", id: parts[0], file: parts[1])
        }
        guard tokenKey != nil || formerTokenKeys.isEmpty else {
            throw SettingsError("JWT_VERIFICATION_KEYS needs JWT_ALGORITHM to be RS256 or EdDSA.")
        }
    }

    /// `REGISTRATION`, or else its former name; by default, registration is open only if the server listens on
    /// loopback.
    private static func registration(_ settings: Settings) -> RegistrationMode {
        if let mode = settings["REGISTRATION"].flatMap({ RegistrationMode(rawValue: $0.lowercased()) }) { return mode }
        let isOpen = settings["ALLOW_REGISTRATION"].flatMap(Setting.flag) ?? settings.listensOnLoopback
        return isOpen ? .open : .closed
    }

    private static func sessions(_ settings: Settings) throws -> SessionSettings {
        let access = try settings.number("JWT_ACCESS_TOKEN_LIFETIME")
        let refresh = try settings.number("JWT_REFRESH_TOKEN_LIFETIME")
        var sessions = SessionSettings(
            accessLifetime: .seconds(access * 60), refreshLifetime: .seconds(refresh * 60))
        sessions.throttling = ThrottleSettings(
            account: try settings.number("LOGIN_ATTEMPTS"),
            address: try settings.number("LOGIN_ATTEMPTS_PER_ADDRESS"),
            registrations: try settings.number("REGISTRATIONS_PER_ADDRESS"))
        sessions.requiresAdminSecondFactor = settings.flag("REQUIRE_ADMIN_TOTP")
        return sessions
    }

    private static func tokenKey(_ settings: Settings) throws -> TokenKey? {
        let algorithm = settings["JWT_ALGORITHM"] ?? "HS256"
        guard algorithm != "HS256" else { return nil }
        guard let file = settings["JWT_PRIVATE_KEY"], let id = settings["JWT_KEY_ID"] else {
            throw SettingsError("JWT_ALGORITHM \(algorithm) needs JWT_PRIVATE_KEY, a PEM file, and JWT_KEY_ID.")
        }
        let key = try Self.key("JWT_PRIVATE_KEY", id: id, file: file)
        guard key.algorithm == algorithm, key.canSign else {
            throw SettingsError("JWT_PRIVATE_KEY is not a private key for \(algorithm).")
        }
        return key
    }

    private static func key(_ name: String, id: String, file: String) throws -> TokenKey {
        guard let pem = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw SettingsError("\(name): cannot read the file.")
        }
        do {
            return try TokenKey(id: id, pem: pem)
        } catch let error as AppError {
            throw SettingsError("\(name): \(error.message)")
        }
    }
}
