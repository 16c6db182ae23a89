import Foundation

/// A request to the provider: GET, or POST of a form.
package struct ProviderRequest: Sendable {
    package let url: String
    /// `application/x-www-form-urlencoded`; `nil` for GET.
    package var form: String?
    /// The value of `Authorization`.
    package var authorization: String?

    package init(url: String) {
        self.url = url
    }
}

/// A response with its whole body.
package struct ProviderResponse: Sendable {
    package let status: Int
    package let body: Data

    package init(status: Int, body: Data) {
        self.status = status
        self.body = body
    }
}

/// Sends requests to the provider, within limits of time and size and without following redirects; the program supplies
/// it, so that the features need no HTTP client.
package struct ProviderTransport: Sendable {
    package let send: @Sendable (ProviderRequest) async throws -> ProviderResponse

    /// - Parameter send: throws if there is no complete response; its error must name no user.
    package init(_ send: @escaping @Sendable (ProviderRequest) async throws -> ProviderResponse) {
        self.send = send
    }
}

/// Text of `application/x-www-form-urlencoded`, as OAuth uses it in bodies and URLs (RFC 6749, appendix B).
enum FormEncoding {
    static func encode(_ pairs: [(String, String)]) -> String {
        pairs.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
    }

    /// Everything but RFC 3986's unreserved characters is escaped.
    static func encode(_ text: String) -> String {
        let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
        return text.addingPercentEncoding(withAllowedCharacters: CharacterSet(charactersIn: unreserved)) ?? ""
    }

    /// `url` with further query items.
    static func url(_ url: String, _ pairs: [(String, String)]) -> String {
        url + (url.contains("?") ? "&" : "?") + encode(pairs)
    }
}
