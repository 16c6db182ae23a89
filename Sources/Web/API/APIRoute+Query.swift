import Hummingbird
import Kernel

extension APIRoute {
    /// What browsers' libraries add so that no cache answers.
    private static let cacheBuster = "_"

    /// Holds an address's query against the parameters that the call declares: each is known, given once and of its kind.
    ///
    /// What a signed address holds is compared as a whole by its signature; what a viewer adds there changes nothing.
    ///
    /// - Throws: a validation error that names every parameter that is wrong.
    func checkQuery(of request: Request) throws {
        guard access != .signedAddress else { return }
        var check = Validation()
        var seen: Set<String> = []
        let items = request.queryItems
        for item in items.items where item.name != Self.cacheBuster {
            guard let parameter = parameter(item.name) else {
                check.add(Self.field(item.name), unknownParameter(item.name))
                continue
            }
            if !seen.insert(parameter.name).inserted {
                check.add(item.name, "Give this parameter only once.")
            } else if let message = parameter.fault(of: item.value) {
                check.add(item.name, message)
            }
        }
        for parameter in query where parameter.isRequired && !seen.contains(parameter.name) {
            check.add(parameter.name, "This parameter is required.")
        }
        try check.finish()
    }

    private func parameter(_ name: String) -> Parameter? {
        let wanted = name.camelCased
        return query.first { $0.name.camelCased == wanted }
    }

    /// Answers to validation errors have no such keys, by which clients tell other errors.
    private static func field(_ name: String) -> String {
        name.isEmpty || name == "error" || name == "message" ? "non_field_errors" : String(name.prefix(100))
    }

    private func unknownParameter(_ name: String) -> String {
        guard !query.isEmpty else { return "Unknown parameter. This call takes none." }
        return "Unknown parameter. Known parameters: \(query.map(\.name).joined(separator: ", "))."
    }
}

extension APIRoute.Parameter {
    /// What is wrong with the text of a query; nil where it is what the parameter takes.
    fileprivate func fault(of text: String?) -> String? {
        guard let text else { return "Must be valid percent-encoded UTF-8." }
        guard let message = schema.fault(ofText: text) else { return nil }
        return name == "cursor" ? Request.invalidCursor : message
    }
}
