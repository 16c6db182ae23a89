import HTTPTypes
import Hummingbird
import Kernel

/// Rejects requests for other hosts: otherwise a forged `Host` would appear in URLs of responses.
struct AllowedHosts: RouterMiddleware {
    typealias Context = WebContext

    private let names: Set<String>
    /// `.example.org`: all of its subdomains.
    private let endings: [String]
    private let isOpen: Bool

    init(_ hosts: [String]) {
        names = Set(hosts.map { Authority($0)?.host ?? $0.lowercased() })
        endings = names.filter { $0.hasPrefix(".") }
        isOpen = names.contains("*")
    }

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard isOpen || allows(request.head.authority ?? "") else {
            throw AppError.invalid(
                "non_field_errors", "Invalid host. Add it to ALLOWED_HOSTS if it is one of yours.")
        }
        return try await next(request, context)
    }

    /// - Parameter authority: a host with or without a port, as in the request.
    func allows(_ authority: String) -> Bool {
        guard let host = Authority(authority)?.host else { return false }
        return names.contains(host) || endings.contains { host.hasSuffix($0) || host == $0.dropFirst() }
    }
}
