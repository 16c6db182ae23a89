import HTTPTypes
import Kernel

extension APIRoute {
    /// `get_cases_caseId_images`: unique, since method and path are unique.
    var operationID: String {
        let words = path.split(separator: "/").dropFirst().map { $0.filter { $0 != "{" && $0 != "}" } }
        return ([method.rawValue.lowercased()] + words).joined(separator: "_").replacing("-", with: "_")
    }

    /// The word after `/api/`.
    var tag: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "api" }

    /// The names in braces, in order.
    var pathParameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// `nil` if neither the name nor the route defines the parameter.
    func placeSchema(_ name: String) -> Schema? {
        details.pathSchemas[name] ?? (name.hasSuffix("Id") ? .id : nil)
    }

    /// Who may make the call, in words derived from the policy table.
    var audience: String {
        switch access {
        case .anyone: "Anyone."
        case .signedAddress: "Public: anyone with the signed URL."
        case .signedIn: "Any authenticated user."
        case .allowed(let action):
            "Action `\(action.rawValue)`: "
                + Role.allCases.map { "\($0.rawValue) \($0.words(for: action))" }
                .joined(separator: ", ") + "."
        }
    }

    /// The error statuses of the call.
    var failures: Set<Int> {
        // Any call may fail because of an invalid Host or Accept header, a busy database or an internal error.
        var statuses: Set<Int> = [400, 503]
        switch access {
        case .anyone: if isChange { statuses.formUnion([401, 403, 409, 429]) }
        case .signedAddress: statuses.formUnion([403, 404])
        // 403: a second factor must be enrolled first.
        case .signedIn: statuses.formUnion([401, 403, 404])
        // 404: a superuser may specify an institution that does not exist.
        case .allowed: statuses.formUnion([401, 403, 404])
        }
        if !pathParameters.isEmpty || body != nil { statuses.insert(404) }
        if isChange && access != .anyone { statuses.formUnion([409, 412, 422, 429]) }
        if isChange { statuses.insert(413) }
        // An `Idempotency-Key` that was used for a different request.
        if method == .post { statuses.insert(422) }
        return statuses.union(details.failures)
    }

    private var isChange: Bool { method != .get && method != .head }
}

extension Role {
    fileprivate func words(for action: Action) -> String {
        switch Policy.reach(of: action, for: self) {
        case .nothing: "no"
        case .own: "own"
        case .anonymised: "anonymised"
        case .institution: "institution"
        case .platform: "platform"
        }
    }
}
