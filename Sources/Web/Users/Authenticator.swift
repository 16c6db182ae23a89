import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Identifies the user and the client's address: by the access token in `Authorization`, or by the pages' cookie.
struct Authenticator: RouterMiddleware {
    typealias Context = WebContext

    static let cookie = "neuroai_access"
    /// The institution in which a superuser acts on the pages; API clients send `X-Institution`.
    static let institutionCookie = "neuroai_institution"

    let sessions: SessionsService
    let addresses: ClientAddress
    private let publicCalls: PublicCalls
    private let cookies: SessionCookies
    private let remembered = PrincipalCache()

    init(sessions: SessionsService, settings: WebSettings, publicCalls: PublicCalls) {
        self.sessions = sessions
        addresses = ClientAddress(trusted: settings.trustedProxies)
        cookies = SessionCookies(sessions, settings)
        self.publicCalls = publicCalls
    }

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.clientAddress = addresses.of(
            connection: context.remoteAddress?.ipAddress, forwarded: request.headers[.forwardedFor])
        context.userAgent = request.headers[.userAgent].map(Self.displayed)
        // The provider sends browsers back by GET, which may end sessions and change a role.
        let changesNothing =
            (request.method == .get || request.method == .head)
            && request.uri.path != SingleSignOnService.callbackPath
        let isPublic = publicCalls.contains(request, context)
        if !isPublic, let ticket = request.eventTicket {
            do {
                context.principal = try await sessions.authenticate(
                    ticket: ticket, origin: context.origin, institution: try institution(of: request))
            } catch {
                context.refusedToken = await RefusedToken(
                    owner: sessions.owner(ofTicket: ticket), error: AppError.wrapping(error))
            }
        } else if !isPublic, let token = token(of: request) {
            do {
                context.principal = try await principal(
                    PrincipalCache.Key(token: token, institution: try institution(of: request)), context.origin,
                    mayBeRemembered: changesNothing)
            } catch {
                // Calls that require authentication fail for this reason; a page may be shown without it.
                context.refusedToken = await RefusedToken(
                    owner: sessions.owner(of: token), error: AppError.wrapping(error))
            }
        }
        let renewal = isPublic ? Renewal.none : await renewal(request, &context)
        // It may have ended a session or changed a role; changes by this process apply from its next request.
        defer { if !changesNothing { remembered.forgetAll() } }
        var response = try await next(request, context)
        switch renewal {
        case .none: break
        case .renewed(let tokens): cookies.set(tokens, on: &response)
        case .over: cookies.clear(on: &response)
        }
        return response
    }

    /// What to do with a browser's cookies.
    private enum Renewal {
        case none
        case renewed(TokenPair)
        /// The session has ended.
        case over
    }

    /// Keeps a browser signed in while it is used: exchanges its refresh token after half of the access token's
    /// lifetime.
    private func renewal(_ request: Request, _ context: inout WebContext) async -> Renewal {
        guard request.mayRenew, context.principal?.needsRenewal ?? true,
            let token = request.cookies[SessionCookies.refresh]?.value, !token.isEmpty
        else { return .none }
        do {
            let tokens = try await sessions.refresh(token, origin: context.origin)
            context.principal = try await sessions.authenticate(
                tokens.access, origin: context.origin, institution: try institution(of: request))
            context.refusedToken = nil
            return .renewed(tokens)
        } catch let error as AppError where error.code == .unauthenticated && context.principal == nil {
            return .over
        } catch {
            // The user stays signed in, and the next request tries again.
            return .none
        }
    }

    private func principal(
        _ key: PrincipalCache.Key, _ origin: RequestOrigin, mayBeRemembered: Bool
    ) async throws -> Principal {
        func lookUp() async throws -> Principal {
            try await sessions.authenticate(key.token, origin: origin, institution: key.institution)
        }
        return mayBeRemembered
            ? try await remembered.principal(for: key, origin: origin, orLookUp: lookUp) : try await lookUp()
    }

    /// The institution that a superuser wants to act in; `nil` for the own one.
    private func institution(of request: Request) throws -> InstitutionID? {
        let named = request.headers[.institution]
        let chosen = request.headers[.authorization] == nil ? request.cookies[Self.institutionCookie]?.value : nil
        guard let text = named ?? chosen, !text.isEmpty else { return nil }
        guard let id = InstitutionID(text) else { throw AppError(.notFound, "Institution not found.") }
        return id
    }

    /// A header's text for display.
    private static func displayed(_ text: String) -> String {
        String(text.visible.unicodeScalars.prefix(300))
    }

    private func token(of request: Request) -> String? {
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
        }
        if request.isSocket, let token = SocketHandshake.token(in: request.headers) { return token }
        guard let cookie = request.cookies[Self.cookie]?.value else { return nil }
        return request.isSameOrigin ? cookie : nil
    }
}

/// The calls with the same response for everyone: tokens are not checked, so they work without the database.
struct PublicCalls: Sendable {
    /// Methods with path patterns.
    private let calls: Set<String>

    /// - Parameter pages: router paths of GET requests outside the API.
    init(_ routes: [APIRoute], pages: [RouterPath]) {
        let open = routes.filter { $0.access == .anyone }
        calls = Set(open.map { "\($0.method) \($0.routerPath)" } + pages.map { "GET \($0)" })
    }

    func contains(_ request: Request, _ context: WebContext) -> Bool {
        // The router handles HEAD wherever it handles GET.
        let method = request.method == .head ? .get : request.method
        return context.endpointPath.map { calls.contains("\(method) \($0)") } ?? false
    }
}

extension Request {
    /// Whether a browser's cookies may be renewed: not for pages' resources, which proxies may cache, and not where
    /// cookies are set anyway.
    fileprivate var mayRenew: Bool {
        headers[.authorization] == nil && isSameOrigin
            && !["/assets/", "/api/files/", "/api/docs/", "/login", "/logout", "/register", EventSocketRoutes.prefix]
                .contains { uri.path.hasPrefix($0) }
    }
}

extension Request {
    /// The ticket in the URL of an event stream; an `Authorization` header takes precedence.
    fileprivate var eventTicket: String? {
        guard headers[.authorization] == nil, isSocket || isEventStream else { return nil }
        return query("ticket").flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether this opens server-sent events.
    private var isEventStream: Bool {
        (method == .get || method == .head) && uri.path.hasPrefix("/api/")
            && uri.path.split(separator: "/").last == "events"
    }
}

extension HTTPField.Name {
    static let institution = HTTPField.Name("X-Institution").unsafelyUnwrapped
}

extension Request {
    /// Whether a browser sent this from a page of this site: other sites' pages must not act in a user's name.
    var isSameOrigin: Bool {
        // Any page may open a WebSocket, and read what it receives.
        guard isSocket || method != .get && method != .head else { return true }
        guard let origin = headers[.origin], let authority = head.authority else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }
}
