import CPostgres
import Foundation

/// How to connect to PostgreSQL: the parameters of a libpq connection URI, with several hosts, Unix sockets and TLS
/// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
package struct PostgresAddress: Sendable, Equatable {
    /// The parameters that the URL sets, by libpq's keyword.
    private(set) var parameters: [String: String]
    /// The environment variable of each keyword that has one.
    private let variables: [String: String]

    /// One host, several separated by commas, or the folder of a Unix socket; empty for libpq's default.
    package var host: String { parameters["host"] ?? "" }
    package var port: String { parameters["port"] ?? "" }
    package var user: String { parameters["user"] ?? "" }
    package var password: String { parameters["password"] ?? "" }
    package var database: String {
        get { parameters["dbname"] ?? "" }
        set { parameters["dbname"] = newValue }
    }

    /// The same address for the programs of PostgreSQL, such as `pg_dump`: the password is in the environment, which
    /// other users cannot read, and not in an argument.
    package var environment: [String: String] {
        var environment: [String: String] = [:]
        for (keyword, value) in parameters { variables[keyword].map { environment[$0] = value } }
        return environment
    }

    /// For messages; without credentials.
    var place: String {
        let hosts = host.isEmpty ? ["its default socket"] : host.split(separator: ",").map(String.init)
        let ports = port.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return hosts.enumerated().map { index, host in
            // One port is for all hosts; an empty one is the usual one.
            let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
            return host + ":" + (port.isEmpty ? "5432" : port)
        }.joined(separator: ", ")
    }

    private static let sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
    private static let sessions = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]

    /// - Throws: `DatabaseError` without the URL's text, because it may contain a password.
    init(url text: String) throws {
        (parameters, variables) = try Self.parse(text)
        guard !database.isEmpty, !database.contains("/") else {
            throw DatabaseURL.wrong("the database name is missing")
        }
        try check("sslmode", Self.sslModes)
        try check("target_session_attrs", Self.sessions)
    }

    private func check(_ keyword: String, _ allowed: [String]) throws {
        guard let value = parameters[keyword], !allowed.contains(value) else { return }
        throw DatabaseURL.wrong("\(keyword) must be one of \(allowed.joined(separator: ", "))")
    }

    private static func parse(_ text: String) throws -> ([String: String], [String: String]) {
        // libpq only knows the scheme in lower case.
        let scheme = text.prefix { $0 != ":" }
        var fault: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(scheme.lowercased() + text.dropFirst(scheme.count), &fault) else {
            defer { PQfreemem(fault) }
            throw wrong(fault.map { String(cString: $0) } ?? "")
        }
        defer { PQconninfoFree(options) }
        var (parameters, variables): ([String: String], [String: String]) = ([:], [:])
        var option = options
        while let keyword = option.pointee.keyword {
            let name = String(cString: keyword)
            if let value = option.pointee.val { parameters[name] = String(cString: value) }
            if let variable = option.pointee.envvar { variables[name] = String(cString: variable) }
            option += 1
        }
        return (parameters, variables)
    }

    /// libpq's messages quote the URL, including the password, except for the one on an unknown parameter.
    private static func wrong(_ message: String) -> DatabaseError {
        if let match = message.firstMatch(of: /^invalid URI query parameter: "([a-z_]{1,40})"/) {
            return DatabaseURL.wrong("the option \(match.1) is unknown; it takes libpq's connection parameters")
        }
        return DatabaseURL.wrong(
            "it is not a valid PostgreSQL connection URI; percent-encode special characters of a password")
    }
}
