import Foundation

/// The address of a server as Celery and redis-py write it:
/// `redis://[user:password@]host[:port][/database]`, `rediss://…` with TLS, `unix:///path?db=1` or `redis+socket:///path?virtual_host=1`.
///
/// TLS options as in Celery's `broker_use_ssl` (https://docs.celeryq.dev/en/stable/userguide/configuration.html): `ssl_cert_reqs`
/// (`required`, `optional`, `none`; also `CERT_REQUIRED` …), `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`, `ssl_check_hostname`.
package struct RedisURL: Sendable, Equatable {
    package enum Address: Sendable, Equatable {
        case host(String, port: Int)
        case socket(path: String)
    }

    package enum Verification: Sendable, Equatable {
        case full
        /// The certificate is verified, the name in it is not.
        case withoutHostname
        case none
    }

    package struct TLS: Sendable, Equatable {
        package var verification: Verification = .full
        package var authorities: String?
        package var certificate: String?
        package var key: String?
    }

    /// Why a text is no address; the text itself, which may contain a password, is not part of it.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package let reason: String
        package var description: String { "Invalid Redis URL: \(reason)" }
    }

    package let address: Address
    package let user: String?
    package let password: String?
    package let database: Int
    package let tls: TLS?

    package init(address: Address, user: String? = nil, password: String? = nil, database: Int = 0, tls: TLS? = nil) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
        self.tls = tls
    }

    /// - Throws: `Malformed`.
    package init(_ text: String) throws {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased() else {
            throw Malformed(reason: "expected redis://, rediss:// or unix://.")
        }
        let query = Query(parts.queryItems ?? [])
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 } ?? query["username"]
        password = parts.password.flatMap { $0.isEmpty ? nil : $0 } ?? query["password"]
        switch scheme {
        case "redis", "rediss":
            address = .host(
                parts.host.flatMap { $0.isEmpty ? nil : Self.bare($0) } ?? "localhost", port: parts.port ?? 6379)
            let path = parts.path.drop { $0 == "/" }
            database = try Self.database(path.isEmpty ? query["db"] ?? query["virtual_host"] : String(path))
        case "unix", "redis+socket", "socket":
            guard parts.path.count > 1 else { throw Malformed(reason: "the path of the socket is missing.") }
            address = .socket(path: parts.path)
            database = try Self.database(query["db"] ?? query["virtual_host"])
        default: throw Malformed(reason: "unknown scheme; use redis://, rediss:// or unix://.")
        }
        tls = try query.tls(isRequired: scheme == "rediss")
    }

    /// IPv6 addresses are bracketed in URLs.
    private static func bare(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    private static func database(_ text: String?) throws -> Int {
        guard let text else { return 0 }
        guard let number = Int(text.drop { $0 == "/" }), number >= 0 else {
            throw Malformed(reason: "the database must be a number from 0.")
        }
        return number
    }

    /// For logs and `celery inspect stats`: without user and password.
    package var redacted: String {
        switch address {
        case .host(let host, let port):
            "\(tls == nil ? "redis" : "rediss")://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
        case .socket(let path): "unix://\(path)?db=\(database)"
        }
    }
}

extension RedisURL {
    private struct Query {
        private let items: [String: String]

        init(_ items: [URLQueryItem]) {
            self.items = Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
        }

        subscript(_ name: String) -> String? { items[name].flatMap { $0.isEmpty ? nil : $0 } }

        func tls(isRequired: Bool) throws -> TLS? {
            guard isRequired else {
                guard !items.keys.contains(where: { $0.hasPrefix("ssl_") }) else {
                    throw Malformed(reason: "TLS options need the scheme rediss://.")
                }
                return nil
            }
            var tls = TLS(
                authorities: self["ssl_ca_certs"], certificate: self["ssl_certfile"], key: self["ssl_keyfile"])
            guard (tls.certificate == nil) == (tls.key == nil) else {
                throw Malformed(reason: "ssl_certfile and ssl_keyfile belong together.")
            }
            switch self["ssl_cert_reqs"]?.lowercased() {
            // Python's CERT_OPTIONAL verifies a server's certificate just as CERT_REQUIRED does.
            case nil, "required", "cert_required", "optional", "cert_optional": break
            case "none", "cert_none": tls.verification = .none
            default: throw Malformed(reason: "ssl_cert_reqs must be required, optional or none.")
            }
            if tls.verification == .full, ["false", "0", "no"].contains(self["ssl_check_hostname"]?.lowercased()) {
                tls.verification = .withoutHostname
            }
            return tls
        }
    }
}
