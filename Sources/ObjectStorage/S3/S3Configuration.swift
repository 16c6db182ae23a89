import Foundation

/// Everything that requests to a bucket need.
package struct S3Configuration: Sendable {
    package var location: BucketLocation
    package var credentials: ObjectStoreCredentials
    /// How long one request may take, including its body.
    package var timeout: Duration = .seconds(60)

    package init(location: BucketLocation, credentials: ObjectStoreCredentials) {
        self.location = location
        self.credentials = credentials
    }

    /// The region in which requests are signed. Google accepts `auto`.
    var region: String { location.region ?? (location.service == .google ? "auto" : "us-east-1") }

    /// The service's address without the bucket.
    private var endpoint: URLComponents {
        if let endpoint = location.endpoint.flatMap({ URLComponents(url: $0, resolvingAgainstBaseURL: false) }) {
            return endpoint
        }
        var parts = URLComponents()
        parts.scheme = "https"
        parts.host = location.service == .google ? "storage.googleapis.com" : "s3.\(region).amazonaws.com"
        return parts
    }

    /// A bucket's own host name by default only where it is sure to exist: at AWS and Google, and not for names with
    /// dots, which a wildcard certificate does not cover.
    private var addressing: BucketLocation.Addressing {
        location.addressing ?? (location.endpoint == nil && !location.bucket.contains(".") ? .virtual : .path)
    }

    /// The origin of requests and signed URLs, such as `https://bucket.s3.us-east-1.amazonaws.com`.
    package var origin: String { "\(scheme)://\(host)" }

    var scheme: String { endpoint.scheme ?? "https" }

    /// The host with its port, as in the `Host` header.
    var host: String {
        let parts = endpoint
        let host = parts.host ?? ""
        let isDefault = parts.port == nil || parts.port == (scheme == "https" ? 443 : 80)
        let named = addressing == .virtual ? "\(location.bucket).\(host)" : host
        return isDefault ? named : "\(named):\(parts.port ?? 0)"
    }

    /// The encoded path of an object; of the bucket if the name is empty.
    func path(_ name: String) -> String {
        let bucket = addressing == .path ? "/\(location.bucket)" : ""
        return bucket + (name.isEmpty && !bucket.isEmpty ? "" : "/" + SignatureV4.canonical(path: name))
    }
}
