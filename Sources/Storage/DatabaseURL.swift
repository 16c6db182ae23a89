import Foundation

/// A parsed `DATABASE_URL`: `sqlite:///relative.sqlite3`, `sqlite:////absolute.sqlite3` or a connection URI of libpq,
/// `postgresql://user:password@host:port/database`.
package enum DatabaseURL: Sendable, Equatable {
    case sqlite(path: String)
    case postgres(PostgresAddress)

    /// - Throws: `DatabaseError` of kind `.unavailable` describing the problem; it never contains the password.
    package init(_ text: String) throws {
        guard let colon = text.range(of: "://") else {
            throw Self.wrong("it has no scheme; write sqlite:///file.sqlite3 or postgresql://user@host/database")
        }
        let scheme = text[..<colon.lowerBound].lowercased()
        switch scheme {
        case "sqlite": self = try .sqlite(path: Self.path(of: String(text[colon.upperBound...])))
        case "postgresql", "postgres": self = try .postgres(PostgresAddress(url: text))
        default: throw Self.wrong("the scheme \(scheme) is unknown; write sqlite:// or postgresql://")
        }
    }

    private static func path(of rest: String) throws -> String {
        guard rest.hasPrefix("/") else {
            throw wrong("after sqlite:// come three slashes and a relative path, or four and an absolute one")
        }
        let path = String(rest.dropFirst())
        guard !path.isEmpty, !path.hasSuffix("/") else { throw wrong("the file name is missing") }
        return path.removingPercentEncoding ?? path
    }

    static func wrong(_ what: String) -> DatabaseError {
        DatabaseError(.unavailable, "DATABASE_URL can't be used: \(what).")
    }
}
