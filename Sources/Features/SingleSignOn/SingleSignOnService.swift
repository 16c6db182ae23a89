import Basics
import Foundation
import Kernel
import Logging
import Storage

/// Sign-in through an OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636).
package struct SingleSignOnService: Sendable {
    package static let startPath = "/login/oidc"
    package static let callbackPath = "/login/oidc/callback"

    let settings: SingleSignOnSettings
    let sessions: SessionsService
    let transport: ProviderTransport
    let provider: OpenIDProvider
    let logger: Logger

    package init(
        sessions: SessionsService, settings: SingleSignOnSettings, transport: ProviderTransport, logger: Logger
    ) {
        self.sessions = sessions
        self.settings = settings
        self.transport = transport
        self.logger = logger
        provider = OpenIDProvider(
            issuer: settings.issuer, transport: transport, logger: logger, clock: sessions.clock)
    }

    /// As on the sign-in page's button.
    package var providerName: String { settings.providerName }
    /// Seconds that the cookie of a sign-in is kept.
    package static var cookieSeconds: Int { Int(PendingSignIn.lifetime.components.seconds) }

    /// Where to send the browser, and the cookie to bind the response to it.
    package struct Start: Sendable {
        package let url: String
        package let cookie: String
    }

    /// The parameters with which the provider sends the browser back.
    package struct AuthorizationResponse: Sendable {
        let state: String?
        let code: String?
        let error: String?
        /// RFC 9207.
        let issuer: String?

        package init(state: String?, code: String?, error: String?, issuer: String?) {
            self.state = state
            self.code = code
            self.error = error
            self.issuer = issuer
        }
    }

    /// A user who has signed in, and the page to continue to.
    package struct Finish: Sendable {
        package let signedIn: SignedIn
        package let next: String?
    }

    /// - Parameter next: the page to continue to, which the caller has checked.
    package func start(next: String?, origin: RequestOrigin) async throws -> Start {
        try await refusing(origin) {
            let metadata = try await provider.discovered()
            let pending = PendingSignIn(next: next, at: sessions.clock())
            let url = FormEncoding.url(
                metadata.authorizationEndpoint,
                [
                    ("response_type", "code"), ("client_id", settings.clientID),
                    ("redirect_uri", settings.redirectURI), ("scope", settings.scopes.joined(separator: " ")),
                    ("state", pending.state), ("nonce", pending.nonce), ("code_challenge", pending.challenge),
                    ("code_challenge_method", "S256"),
                ])
            return Start(url: url, cookie: try pending.sealed(by: sessions.signer.box))
        }
    }

    /// Exchanges the code for an ID token, finds or creates the account, and starts a session.
    ///
    /// - Parameter cookie: as `start` returned it to this browser.
    package func finish(
        _ response: AuthorizationResponse, cookie: String?, origin: RequestOrigin
    ) async throws -> Finish {
        try await refusing(origin) {
            let now = sessions.clock()
            guard let pending = PendingSignIn(cookie, state: response.state, by: sessions.signer.box, at: now) else {
                throw SingleSignOnRefusal.attemptExpired
            }
            let code = try await code(of: response)
            // Each further step asks the provider.
            let attempts = origin.address.map {
                [Attempt(rule: sessions.settings.throttling.address, address: $0)]
            }
            try await sessions.admit(attempts ?? [], on: nil, in: nil, origin: origin)
            let tokens = try await exchange(code, pending)
            let claims = try await claims(of: tokens, nonce: pending.nonce)
            let user = try await admitted(ProviderProfile(claims, settings), origin: origin)
            let hint = tokens.idToken.utf8.count <= Self.longestHint ? tokens.idToken : ""
            let signedIn = try await sessions.begin(user, passwordHash: "", origin: origin) { connection, session in
                let sealed =
                    hint.isEmpty ? "" : try sessions.signer.box.seal(Data(hint.utf8), for: session.id.string)
                try IdentityStore(connection).insert(session, token: sealed)
            }
            try await sessions.throttle.forgive(attempts ?? [], account: sessions.settings.throttling.account)
            return Finish(signedIn: signedIn, next: pending.next)
        }
    }

    /// Longer URLs are refused by some servers.
    private static let longestHint = 4000

    /// Where a browser that signs out here also signs out at the provider (OpenID Connect RP-Initiated Logout 1.0);
    /// `nil` if its session did not begin there, or if the provider has no such page or is not available.
    package func endSessionURL(refreshToken: String) async -> String? {
        guard let claims = await sessions.signer.claims(refreshToken, use: .refresh, at: sessions.clock()),
            let sealed = try? await sessions.database.read({ try IdentityStore($0).token(of: claims.session) }),
            let endpoint = try? await provider.discovered().endSessionEndpoint
        else { return nil }
        var query = [("client_id", settings.clientID), ("post_logout_redirect_uri", settings.signedOutURI)]
        if let token = sessions.signer.box.open(sealed, for: claims.session.string) {
            query.append(("id_token_hint", String(decoding: token, as: UTF8.self)))
        }
        return FormEncoding.url(endpoint, query)
    }

    /// The code, if the response is one of the provider that the browser was sent to.
    private func code(of response: AuthorizationResponse) async throws -> String {
        let namesIssuer = try await provider.discovered().namesIssuer
        guard response.issuer == settings.issuer || (response.issuer == nil && !namesIssuer) else {
            throw SingleSignOnRefusal.issuer
        }
        // Of the codes in OpenID Connect Core 1.0 §3.1.2.6 and RFC 6749 §4.1.2.1, those that the user can explain.
        if let error = response.error {
            let isDenied = ["access_denied", "login_required", "consent_required", "interaction_required"]
            throw isDenied.contains(error) ? SingleSignOnRefusal.accessDenied : .providerError
        }
        guard let code = response.code, !code.isEmpty else { throw SingleSignOnRefusal.providerError }
        return code
    }

    /// Logs and records a refusal, and turns it into the user's error.
    private func refusing<Value: Sendable>(
        _ origin: RequestOrigin, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch let refusal as RefusedAccount {
            throw try await refused(refusal.reason, refusal.user, origin)
        } catch let refusal as SingleSignOnRefusal {
            throw try await refused(refusal, nil, origin)
        }
    }

    private func refused(
        _ refusal: SingleSignOnRefusal, _ user: User?, _ origin: RequestOrigin
    ) async throws -> AppError {
        logger.notice(
            "single sign-on refused",
            metadata: ["reason": "\(refusal.rawValue)", "request": "\(origin.requestID ?? "none")"])
        try await sessions.recordRefusal(refusal == .pending ? .pending : .singleSignOn, of: user, origin: origin)
        return refusal.error(provider: settings.providerName)
    }
}

/// A person whom the provider has authenticated and this server does not admit.
struct RefusedAccount: Error {
    let reason: SingleSignOnRefusal
    /// The account, if there is one.
    let user: User?
}
