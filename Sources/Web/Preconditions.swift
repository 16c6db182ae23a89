import Features
import HTTPTypes
import Hummingbird
import Kernel

extension Request {
    /// The condition of `If-Match` (RFC 9110 §13.1.1): `*` matches any existing case, a weak tag none.
    var precondition: Precondition {
        guard let header = headers[.ifMatch] else { return .none }
        let tags = header.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard !tags.contains("*") else { return .none }
        return .revision(among: Set(tags.compactMap(Self.revision)))
    }

    private static func revision(_ tag: String) -> Int64? {
        guard tag.count > 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return nil }
        return Int64(tag.dropFirst().dropLast())
    }
}

extension Response {
    /// A case with its `ETag`, which changes with every change of the case.
    init(_ status: HTTPResponse.Status, _ item: Case) throws {
        self = try JSON.response(status, item)
        headers[.eTag] = "\"\(item.revision)\""
    }
}
