import Hummingbird
import Kernel

extension APIRoute {
    /// Added by browser libraries to bypass caches.
    private static let cacheBuster = "_"

    /// Validates a query against the call's parameters: each must be known, occur once and have a valid value.
    ///
    /// The query of a signed URL is verified by its signature; parameters added by a viewer have no effect.
    ///
    /// - Throws: a validation error with every invalid parameter.
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

    /// Validation errors must not use these keys, by which clients recognise other errors.
    private static func field(_ name: String) -> String {
        name.isEmpty || name == "error" || name == "message" ? "non_field_errors" : String(name.prefix(100))
    }

    private func unknownParameter(_ name: String) -> String {
        guard !query.isEmpty else { return "Unknown parameter. This call takes none." }
        return "Unknown parameter. Known parameters: \(query.map(\.name).joined(separator: ", "))."
    }
}

extension APIRoute.Parameter {
    /// The error of a query's text; `nil` if the parameter accepts it.
    fileprivate func fault(of text: String?) -> String? {
        guard let text else { return "Must be valid percent-encoded UTF-8." }
        guard let message = schema.fault(ofText: text) else { return nil }
        return name == "cursor" ? Request.invalidCursor : message
    }
}
