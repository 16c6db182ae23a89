import Foundation

/// A parsed `DATABASE_URL`: `sqlite:///relative.sqlite3`, `sqlite:////absolute.sqlite3` or
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

/// The address and credentials of a PostgreSQL server.
package struct PostgresAddress: Sendable, Equatable {
    package var host: String
    package var port: Int
    package var user: String
    package var password: String
    package var database: String
    /// libpq's `sslmode`, if the URL has one.
    package var sslMode: String?

    init(url text: String) throws {
        guard let parts = URLComponents(string: text) else {
            throw DatabaseURL.wrong("it is not a URL; percent-encode special characters of a password")
        }
        let database = String(parts.path.dropFirst())
        guard let host = parts.host, !host.isEmpty else { throw DatabaseURL.wrong("the host is missing") }
        guard let user = parts.user, !user.isEmpty else { throw DatabaseURL.wrong("the user is missing") }
        guard !database.isEmpty, !database.contains("/") else {
            throw DatabaseURL.wrong("the database name is missing")
        }
        for item in parts.queryItems ?? [] where item.name != "sslmode" {
            throw DatabaseURL.wrong("the option \(item.name) is unknown; only sslmode is")
        }
        self.host = host
        self.port = parts.port ?? 5432
        self.user = user
        self.password = parts.password ?? ""
        self.database = database
        self.sslMode = parts.queryItems?.first?.value
    }
}
