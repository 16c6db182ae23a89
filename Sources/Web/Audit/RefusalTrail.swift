import Foundation
import HTTPTypes
import Hummingbird
import Kernel

/// Records who was refused what: a request of somebody signed in that was not allowed (403) or named an object that is not
/// there for them (404), and a token that is not good (401); requests without a token are counted. What else is refused the
/// services record themselves.
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
            // Pages turn failures into answers themselves.
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
        // The router answers HEAD wherever it answers GET.
        let access = accesses["\(request.method) \(path)"] ?? accesses["GET \(path)"]
        // Signing in and signed addresses are recorded where it is known whose they are.
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
            // It stays refused; an answer about nothing needs no trace more than the one who asks needs the answer.
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

    /// The object that an address names, by its pattern: `/api/cases/{caseId}/images` and `/cases/{id}` name a case. Text that is
    /// no id of ours is left out: the client may have put anything into it.
    static func object(_ pattern: String, _ path: String) -> (type: String, id: String?) {
        let names = pattern.split(separator: "/")
        let parts = path.split(separator: "/")
        // Administration's pattern begins with a parameter, which is no kind of object.
        let first = names.first { $0 != "api" && $0 != "admin" }
        var type = first.map { $0.hasPrefix("{") ? "page" : Self.singular($0) } ?? "page"
        var id: String?
        for (index, name) in names.enumerated() where name.hasPrefix("{") && index < parts.count {
            guard let known = ID<AuditEntry>(parts[index]) else { continue }
            id = known.string
            let parameter = name.dropFirst().dropLast()
            if parameter.hasSuffix("Id"), parameter.count > 2 {
                type = String(parameter.dropLast(2))
            } else if index > 0 {
                // Administration names the table in a parameter.
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
    /// Who may make each call, by its method and the router's pattern.
    var accesses: [String: APIRoute.Access] {
        Dictionary(map { ("\($0.method) \($0.routerPath)", $0.access) }, uniquingKeysWith: { first, _ in first })
    }
}
