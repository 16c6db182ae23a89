import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Finds out who is asking and from where: by the access token in `Authorization`, or by the pages' cookie.
struct Authenticator: RouterMiddleware {
    typealias Context = WebContext

    static let cookie = "neuroai_access"
    /// Where a superuser acts on the pages; clients of the API send `X-Institution`.
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
        let changesNothing = request.method == .get || request.method == .head
        let isPublic = publicCalls.contains(request, context)
        if !isPublic, let token = token(of: request) {
            do {
                context.principal = try await principal(
                    PrincipalCache.Key(token: token, institution: try institution(of: request)), context.origin,
                    mayBeRemembered: changesNothing)
            } catch {
                // Calls that need somebody refuse, for this reason; a page may be shown without.
                context.refusedToken = await RefusedToken(
                    owner: sessions.owner(of: token), error: AppError.wrapping(error))
            }
        }
        let renewal = isPublic ? Renewal.none : await renewal(request, &context)
        // It may have ended a session or changed a role; what this process did holds for its next request.
        defer { if !changesNothing { remembered.forgetAll() } }
        var response = try await next(request, context)
        switch renewal {
        case .none: break
        case .renewed(let tokens): cookies.set(tokens, on: &response)
        case .over: cookies.clear(on: &response)
        }
        return response
    }

    /// What becomes of a browser's cookies.
    private enum Renewal {
        case none
        case renewed(TokenPair)
        /// The session has ended.
        case over
    }

    /// Keeps a browser signed in while it is used: exchanges its refresh token once half of the access token's time is
    /// over, or all of it.
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
            // A user who is still signed in stays so, and the next request tries again.
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

    /// Which institution a superuser wants to act in; nil for the own one.
    private func institution(of request: Request) throws -> InstitutionID? {
        let named = request.headers[.institution]
        let chosen = request.headers[.authorization] == nil ? request.cookies[Self.institutionCookie]?.value : nil
        guard let text = named ?? chosen, !text.isEmpty else { return nil }
        guard let id = InstitutionID(text) else { throw AppError(.notFound, "Institution not found.") }
        return id
    }

    /// A header's text as it may be shown.
    private static func displayed(_ text: String) -> String {
        String(text.visible.unicodeScalars.prefix(300))
    }

    private func token(of request: Request) -> String? {
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
        }
        guard let cookie = request.cookies[Self.cookie]?.value else { return nil }
        return request.isSameOrigin ? cookie : nil
    }
}

/// The calls that are the same for everybody: nobody's token is looked at, so they work while the database does not.
struct PublicCalls: Sendable {
    /// Methods with the patterns of their paths.
    private let calls: Set<String>

    /// - Parameter pages: what is got without being a call of the API, as the router takes it.
    init(_ routes: [APIRoute], pages: [RouterPath]) {
        let open = routes.filter { $0.access == .anyone }
        calls = Set(open.map { "\($0.method) \($0.routerPath)" } + pages.map { "GET \($0)" })
    }

    func contains(_ request: Request, _ context: WebContext) -> Bool {
        // The router answers HEAD wherever it answers GET.
        let method = request.method == .head ? .get : request.method
        return context.endpointPath.map { calls.contains("\(method) \($0)") } ?? false
    }
}

extension Request {
    /// Whether a browser's cookies may be exchanged for it: not what pages load beside themselves, which may be stored by
    /// proxies, and not where cookies are set anyway.
    fileprivate var mayRenew: Bool {
        headers[.authorization] == nil && isSameOrigin
            && !["/assets/", "/api/files/", "/api/docs/", "/login", "/logout", "/register"]
                .contains { uri.path.hasPrefix($0) }
    }
}

extension HTTPField.Name {
    static let institution = HTTPField.Name("X-Institution").unsafelyUnwrapped
}

extension Request {
    /// Whether a browser sent this from one of our own pages: another site's page must not act in a user's name.
    var isSameOrigin: Bool {
        guard method != .get && method != .head else { return true }
        guard let origin = headers[.origin], let authority = head.authority else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }
}
