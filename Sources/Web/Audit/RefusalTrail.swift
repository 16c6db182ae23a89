import Foundation
import HTTPTypes
import Hummingbird
import Kernel

/// Records denied requests: of signed-in users who are not allowed (403) or request an object that they cannot see
/// (404), and of invalid tokens (401); requests without a token are counted. Services record other rejections
/// themselves.
struct RefusalTrail: RouterMiddleware {
    typealias Context = WebContext

    private let audit: AuditService
    private let accesses: [String: APIRoute.Access]

    init(audit: AuditService, routes: [APIRoute]) {
        self.audit = audit
        accesses = routes.accesses
    }

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        do {
            let response = try await next(request, context)
            // Pages turn errors into responses themselves.
            await record(response.status.code, request, context)
            return response
        } catch let error as AppError {
            switch error.code {
            case .unauthenticated: await record(401, request, context)
            case .forbidden, .secondFactorRequired: await record(403, request, context)
            case .notFound: await record(404, request, context)
            default: break
            }
            throw error
        }
    }

    private func record(_ status: Int, _ request: Request, _ context: WebContext) async {
        guard [401, 403, 404].contains(status), let path = context.endpointPath, path.hasPrefix("/") else { return }
        // The router handles HEAD wherever it handles GET.
        let access = accesses["\(request.method) \(path)"] ?? accesses["GET \(path)"]
        // Sign-in and signed URLs are recorded once their user is known.
        guard access != .anyone, access != .signedAddress else { return }
        let refused = context.refusedToken?.owner
        guard let institution = context.principal?.scope.institution ?? refused?.institution else {
            if status == 401 { await audit.countAnonymousRequest(context.origin) }
            return
        }
        let (type, id) = Self.object(path, request.uri.path)
        let entry = AuditEntry(
            institution: institution, actor: context.principal?.scope.user ?? refused?.user,
            origin: context.origin, action: Self.action(access), objectType: type, objectID: id, outcome: .refused)
        do {
            try await audit.recordRefusal(entry)
        } catch {
            // The request stays denied; failing to record it must not change the response.
            context.logger.error(
                "cannot record a denied request",
                metadata: ["id": "\(context.requestID)", "outage": "\(AppError.cause(of: error))"])
        }
    }

    private static func action(_ access: APIRoute.Access?) -> String {
        switch access {
        case .allowed(let action): action.rawValue
        case .signedIn, .anyone, .signedAddress: "session.use"
        case nil: "page.open"
        }
    }

    /// The object in a path, by its pattern: `/api/cases/{caseId}/images` and `/cases/{id}` refer to a case. Text that
    /// is not an id is dropped, since the client may have sent anything.
    static func object(_ pattern: String, _ path: String) -> (type: String, id: String?) {
        let names = pattern.split(separator: "/")
        let parts = path.split(separator: "/")
        // The administration's patterns begin with a parameter, which is not a kind of object.
        let first = names.first { !["api", "ws", "admin"].contains($0) }
        var type = first.map { $0.hasPrefix("{") ? "page" : Self.singular($0) } ?? "page"
        var id: String?
        for (index, name) in names.enumerated() where name.hasPrefix("{") && index < parts.count {
            guard let known = ID<AuditEntry>(parts[index]) else { continue }
            id = known.string
            let parameter = name.dropFirst().dropLast()
            if parameter.hasSuffix("Id"), parameter.count > 2 {
                type = String(parameter.dropLast(2))
            } else if index > 0 {
                // In the administration, a parameter is the table.
                let before = names[index - 1].hasPrefix("{") ? parts[index - 1] : names[index - 1]
                if before.allSatisfy({ $0.isASCII && $0.isLowercase }), before.count <= 30 {
                    type = Self.singular(before)
                }
            }
        }
        return (type == "task" ? "inference_task" : type, id)
    }

    private static func singular(_ word: Substring) -> String {
        word.hasSuffix("s") ? String(word.dropLast()) : String(word)
    }
}

extension [APIRoute] {
    /// The required access of each call, by method and router pattern.
    var accesses: [String: APIRoute.Access] {
        Dictionary(map { ("\($0.method) \($0.routerPath)", $0.access) }, uniquingKeysWith: { first, _ in first })
    }
}
