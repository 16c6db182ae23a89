import Foundation

/// The operator's settings for HTTP.
package struct WebSettings: Sendable {
    /// The maximum size of an uploaded file in bytes.
    package var uploadLimit: Int64
    /// Allowed origins of browser clients on other sites.
    package var allowedOrigins: [String]
    /// The server's public URL, such as `https://neuroai.example.org`; `nil` uses each request's host.
    package var publicURL: String?
    /// The server's host names, without ports; `.example.org` includes all subdomains, `*` any name.
    package var allowedHosts = Self.localHosts
    /// The folder of Swagger UI; without it the documentation page says so.
    package var swaggerUI: URL?
    package var version: String
    /// Addresses of proxies whose `X-Forwarded-For` is trusted.
    package var trustedProxies: [String] = []
    /// How long an upload of an expert mask waits for the comparison before it responds with 202.
    package var comparisonTimeout: Duration = .seconds(10)
    /// The bearer token for `/metrics`; `nil` allows access only from this machine.
    package var metricsToken: String?
    /// The origin of the object store's or CDN's signed URLs, from which pages may load images; `nil` if there is none.
    package var storageOrigin: String?

    /// The local names of this machine.
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

    /// Whether browsers reach the server only through TLS.
    var isSecure: Bool { publicURL?.hasPrefix("https://") ?? false }
}
