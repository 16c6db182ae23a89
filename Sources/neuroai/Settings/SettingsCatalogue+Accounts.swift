import Features
import Kernel

extension SettingsCatalogue {
    static let accounts = Section(
        title: "Accounts",
        settings: [
            Setting(
                "SECRET_KEY", .judged(by: secretKey), default: nil, note: "generated at the first start",
                secrecy: .secret,
                "Key that signs tokens and file URLs, at least 32 bytes. If not set, it is stored in `MEDIA_ROOT/secret-key`."
            ),
            Setting(
                "SECRET_KEY_FALLBACKS", .list, default: nil, note: "–", secrecy: .secret,
                "Previous secret keys, comma-separated. Tokens signed and second factors encrypted with them stay valid."
            ),
            Setting(
                "JWT_ALGORITHM", .judged(by: algorithm), default: "HS256",
                "Token signature algorithm: `HS256` (with `SECRET_KEY`), `RS256` or `EdDSA` (with `JWT_PRIVATE_KEY`)."),
            Setting(
                "JWT_PRIVATE_KEY", .text, default: nil,
                "PEM file of the signing key, RSA (at least 2048 bits) or Ed25519."),
            Setting("JWT_KEY_ID", .text, default: nil, "Key ID (`kid`) of the signing key."),
            Setting(
                "JWT_VERIFICATION_KEYS", .list, default: nil,
                "Previous keys that still verify tokens: `kid=file,kid=file`."),
            Setting(
                "JWT_ACCESS_TOKEN_LIFETIME", .integer(1...1440), default: "60", "Minutes until an access token expires."
            ),
            Setting(
                "JWT_REFRESH_TOKEN_LIFETIME", .integer(1...525_600), default: "1440",
                "Minutes until a refresh token expires."),
            Setting(
                "REGISTRATION", .choice(RegistrationMode.allCases.map(\.rawValue)), default: nil,
                note: "`open` if `HOST` is loopback, else `closed`",
                "Registration without an invitation, in the default institution: `open`, `approval` (an administrator approves each account) or `closed`."
            ),
            Setting(
                "ALLOW_REGISTRATION", .flag, default: nil, note: "–",
                "Deprecated: `true` means `REGISTRATION=open`, `false` means `REGISTRATION=closed`. Ignored if `REGISTRATION` is set."
            ),
            Setting(
                "INVITATION_LIFETIME", .integer(1...8760), default: "168", "Hours until an unused invitation expires."),
            Setting(
                "PASSWORD_MIN_LENGTH", .integer(PasswordRules.minimumLength...64),
                default: String(PasswordRules.minimumLength),
                "Minimum password length. The existing client requires 8; OWASP ASVS 4 recommends 12."),
            Setting(
                "COMMON_PASSWORDS_PATH", .text, default: CommonPasswords.debian,
                "File of rejected common passwords, one per line (Debian: `cracklib-runtime`). A missing file is logged."
            ),
            Setting(
                "ARGON2_PASSES", .integer(1...100), default: "2",
                "Argon2 passes. Older password hashes are upgraded at the next sign-in."),
            Setting("ARGON2_KIB", .integer(8...4_194_304), default: "19456", "Argon2 memory, in KiB."),
            Setting("ARGON2_LANES", .integer(1...16), default: "1", "Argon2 lanes."),
            Setting(
                "PASSWORD_THREADS", .integer(1...64), default: "2",
                "Threads for password hashing. Sign-ins get 429 while 64 are waiting."),
            Setting(
                "LOGIN_ATTEMPTS", .integer(1...1_000_000), default: "10",
                "Failed sign-ins allowed per account in \(signInWindow). Known browsers and addresses are counted separately."
            ),
            Setting(
                "LOGIN_ATTEMPTS_PER_ADDRESS", .integer(1...1_000_000), default: "100",
                "Failed sign-ins allowed per network address in \(signInWindow)."),
            Setting(
                "REGISTRATIONS_PER_ADDRESS", .integer(1...1_000_000), default: "60",
                "Registrations allowed per network address in \(accountWindow)."),
            Setting(
                "REQUIRE_ADMIN_TOTP", .flag, default: "false",
                "Requires two-factor authentication for administrators and superusers."),
            Setting(
                "TRUSTED_PROXIES", .judged(by: proxies), default: nil,
                "Addresses or networks (`10.42.0.0/16`) of your proxies, comma-separated, whose `X-Forwarded-For` is trusted. Without it, all clients behind a proxy count as one address."
            ),
        ])

    private static let signInWindow = minutes(ThrottleSettings.signInWindow)
    private static let accountWindow = minutes(ThrottleSettings.accountWindow)

    private static func minutes(_ window: Duration) -> String { "\(window.components.seconds / 60) minutes" }

    @Sendable private static func proxies(_ text: String) throws {
        let names = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard names.allSatisfy({ NetworkRange($0) != nil }) else {
            throw SettingsError("TRUSTED_PROXIES must be addresses or networks such as 10.0.0.7 or 10.42.0.0/16.")
        }
    }

    @Sendable private static func secretKey(_ text: String) throws {
        guard text.utf8.count >= TokenSigner.minimumSecretBytes else {
            throw SettingsError("SECRET_KEY is too short: it needs \(TokenSigner.minimumSecretBytes) bytes.")
        }
    }

    @Sendable private static func algorithm(_ text: String) throws {
        guard ["HS256", "RS256", "EdDSA"].contains(text) else {
            throw SettingsError("JWT_ALGORITHM must be one of HS256, RS256, EdDSA.")
        }
    }
}
