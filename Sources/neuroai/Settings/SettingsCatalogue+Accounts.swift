import Features

extension SettingsCatalogue {
    static let accounts = Section(
        title: "Accounts",
        settings: [
            Setting(
                "SECRET_KEY", .judged(by: secretKey), default: nil, note: "made at the first start", secrecy: .secret,
                "32 bytes or more; signs tokens and file addresses; kept in `MEDIA_ROOT/secret-key` where not set"),
            Setting(
                "SECRET_KEY_FALLBACKS", .list, default: nil, note: "–", secrecy: .secret,
                "former secrets, comma-separated: their tokens are still read, second factors sealed by them still work"
            ),
            Setting(
                "JWT_ALGORITHM", .judged(by: algorithm), default: "HS256",
                "signs tokens by `SECRET_KEY`; `RS256` or `EdDSA` by the key pair below"),
            Setting(
                "JWT_PRIVATE_KEY", .text, default: nil,
                "PEM file of the RSA (2048 bits) or Ed25519 key that signs"),
            Setting("JWT_KEY_ID", .text, default: nil, "the `kid` of that key"),
            Setting(
                "JWT_VERIFICATION_KEYS", .list, default: nil,
                "`kid=file,kid=file`: former keys whose tokens are still read"),
            Setting(
                "JWT_ACCESS_TOKEN_LIFETIME", .integer(1...1440), default: "60", "minutes until an access token expires"),
            Setting(
                "JWT_REFRESH_TOKEN_LIFETIME", .integer(1...525_600), default: "1440",
                "minutes until a refresh token expires"),
            Setting(
                "REGISTRATION", .choice(RegistrationMode.allCases.map(\.rawValue)), default: nil,
                note: "`open` where `HOST` is this machine alone, else `closed`",
                "who may make an account without an invitation, in the default institution: `open` anybody; `approval` anybody, who can sign in once an administrator has approved the account; `closed` nobody"
            ),
            Setting(
                "ALLOW_REGISTRATION", .flag, default: nil, note: "–",
                "former name: `true` is `REGISTRATION=open`, `false` is `REGISTRATION=closed`; no effect where that is set"
            ),
            Setting(
                "INVITATION_LIFETIME", .integer(1...8760), default: "168", "hours until an unused invitation expires"),
            Setting(
                "PASSWORD_MIN_LENGTH", .integer(PasswordRules.least...64), default: String(PasswordRules.least),
                "8 is the existing client's rule; we recommend 12, as OWASP ASVS 4 asks"),
            Setting(
                "COMMON_PASSWORDS_PATH", .text, default: CommonPasswords.debian,
                "passwords that are refused, one a line (Debian's `cracklib-runtime`); without the file the log says so"
            ),
            Setting(
                "ARGON2_PASSES", .integer(1...100), default: "2",
                "passes of a password's hash; older hashes are made anew at the next sign-in"),
            Setting("ARGON2_KIB", .integer(8...4_194_304), default: "19456", "memory of a password's hash in KiB"),
            Setting("ARGON2_LANES", .integer(1...16), default: "1", "lanes of a password's hash"),
            Setting(
                "PASSWORD_THREADS", .integer(1...64), default: "2",
                "hashes made at once; when 64 wait, sign-ins answer 429"),
            Setting(
                "LOGIN_ATTEMPTS", .integer(1...1_000_000), default: "10",
                "failed sign-ins of one account in \(signInWindow); those from a browser or an address that its user has signed in from before are counted apart"
            ),
            Setting(
                "LOGIN_ATTEMPTS_PER_ADDRESS", .integer(1...1_000_000), default: "100",
                "failed sign-ins from one address in \(signInWindow)"),
            Setting(
                "REGISTRATIONS_PER_ADDRESS", .integer(1...1_000_000), default: "60",
                "accounts made from one address in \(accountWindow)"),
            Setting(
                "REQUIRE_ADMIN_TOTP", .flag, default: "false",
                "administrators and superusers must enrol a second factor before they do anything else"),
            Setting(
                "TRUSTED_PROXIES", .list, default: nil,
                "addresses of your own proxies, comma-separated: only their `X-Forwarded-For` says where a client is. Set it behind a proxy, else all clients count as one"
            ),
        ])

    private static let signInWindow = minutes(ThrottleSettings.signInWindow)
    private static let accountWindow = minutes(ThrottleSettings.accountWindow)

    private static func minutes(_ window: Duration) -> String { "\(window.components.seconds / 60) minutes" }

    @Sendable private static func secretKey(_ text: String) throws {
        guard text.utf8.count >= TokenSigner.leastSecretBytes else {
            throw SettingsError("SECRET_KEY is too short: it needs \(TokenSigner.leastSecretBytes) bytes.")
        }
    }

    @Sendable private static func algorithm(_ text: String) throws {
        guard ["HS256", "RS256", "EdDSA"].contains(text) else {
            throw SettingsError("JWT_ALGORITHM is HS256, RS256 or EdDSA.")
        }
    }
}
