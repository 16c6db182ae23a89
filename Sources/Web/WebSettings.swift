import Foundation

/// What the operator has decided about HTTP.
package struct WebSettings: Sendable {
    /// Bytes of one uploaded file.
    package var uploadLimit: Int64
    /// Origins of browser clients on other addresses.
    package var allowedOrigins: [String]
    /// Where clients reach this server, such as `https://neuroai.example.org`; nil takes what each request says.
    package var publicURL: String?
    /// Names under which the server may be asked for, without ports; `.example.org` stands for all names below, `*` for any.
    package var allowedHosts = Self.localHosts
    /// The folder with Swagger UI's files; without them the page that shows the API says so.
    package var swaggerUI: URL?
    package var version: String
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    package var trustedProxies: [String] = []
    /// How long an upload of an expert's mask waits for the worker before it answers that it is on its way.
    package var comparisonTimeout: Duration = .seconds(10)
    /// The bearer token that opens `/metrics`; nil opens it to this machine alone.
    package var metricsToken: String?

    /// The names of this machine for itself.
    package static let localHosts = ["localhost", "127.0.0.1", "[::1]"]

    package init(
        uploadLimit: Int64 = 1 << 30,
        allowedOrigins: [String] = ["http://localhost:5173", "http://localhost:3000"], publicURL: String? = nil,
        version: String
    ) {
        self.uploadLimit = uploadLimit
        self.allowedOrigins = allowedOrigins
        self.publicURL = publicURL
        self.version = version
    }

    /// Whether browsers reach the server by TLS alone.
    var isSecure: Bool { publicURL?.hasPrefix("https://") ?? false }
}
