import HTTPTypes
import Kernel

extension APIRoute {
    /// `get_cases_caseId_images`: unique, since method and path are.
    var operationID: String {
        let words = path.split(separator: "/").dropFirst().map { $0.filter { $0 != "{" && $0 != "}" } }
        return ([method.rawValue.lowercased()] + words).joined(separator: "_").replacing("-", with: "_")
    }

    /// The word after `/api/`.
    var tag: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "api" }

    /// The names in braces, in their order.
    var pathParameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// Nil where neither the name nor the route says what stands there.
    func placeSchema(_ name: String) -> Schema? {
        details.pathSchemas[name] ?? (name.hasSuffix("Id") ? .id : nil)
    }

    /// Who may make the call, in words made from the table that decides it.
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

    /// The statuses with which the call can fail.
    var failures: Set<Int> {
        // A wrong Host or Accept, a busy database and a fault of ours can meet any call.
        var statuses: Set<Int> = [400, 503]
        switch access {
        case .anyone: if isChange { statuses.formUnion([401, 403, 409, 429]) }
        case .signedAddress: statuses.formUnion([403, 404])
        // 403: a second factor is to be enrolled first.
        case .signedIn: statuses.formUnion([401, 403, 404])
        // 404: a superuser may name an institution that is not there.
        case .allowed: statuses.formUnion([401, 403, 404])
        }
        if !pathParameters.isEmpty || body != nil { statuses.insert(404) }
        if isChange && access != .anyone { statuses.formUnion([409, 412, 422, 429]) }
        if isChange { statuses.insert(413) }
        // An `Idempotency-Key` that another request has used.
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
