import Basics
import Crypto
import Foundation

/// The names in a signature: AWS's, or Google's, whose version 4 differs in names alone.
struct SignatureDialect: Sendable, Equatable {
    let algorithm: String
    /// Prepended to the secret key.
    let keyPrefix: String
    let terminator: String
    let service: String
    /// The prefix of the service's own headers, in lower case.
    let headerPrefix: String
    /// The prefix of query parameters in signed URLs.
    let queryPrefix: String

    /// AWS Signature Version 4 (Amazon S3 API Reference, "Authenticating Requests").
    static let aws = SignatureDialect(
        algorithm: "AWS4-HMAC-SHA256", keyPrefix: "AWS4", terminator: "aws4_request", service: "s3",
        headerPrefix: "x-amz-", queryPrefix: "X-Amz-")
    /// Google's V4 signatures with HMAC keys (Cloud Storage, "Signatures").
    static let google = SignatureDialect(
        algorithm: "GOOG4-HMAC-SHA256", keyPrefix: "GOOG4", terminator: "goog4_request", service: "storage",
        headerPrefix: "x-goog-", queryPrefix: "X-Goog-")
}

/// A pair of keys that signs requests. Never printed.
package struct ObjectStoreCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    let accessKeyID: String
    let secretAccessKey: String
    /// For temporary credentials.
    let sessionToken: String?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    package var description: String { "credentials" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Signs requests with Signature Version 4.
struct SignatureV4: Sendable {
    let credentials: ObjectStoreCredentials
    let region: String
    var dialect = SignatureDialect.aws
    /// The service's name in the credential scope; of interest to tests only.
    var service: String?

    /// The payload hash of a signed URL: its client sends no body.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    private func scope(_ day: String) -> String {
        "\(day)/\(region)/\(service ?? dialect.service)/\(dialect.terminator)"
    }

    /// The `Authorization` header.
    ///
    /// - Parameters:
    ///   - path: percent-encoded.
    ///   - query: not encoded.
    ///   - headers: all headers to be signed, `host` among them.
    ///   - payloadHash: the SHA-256 of the body in hexadecimal, or `unsignedPayload`.
    func authorization(
        _ method: String, path: String, query: [(String, String)], headers: [(String, String)], payloadHash: String,
        at time: Date
    ) -> String {
        let (names, values) = Self.canonicalHeaders(headers)
        let request = [method, path, Self.canonical(query), values, names, payloadHash].joined(separator: "\n")
        let stamp = Self.stamp(time)
        let scope = scope(String(stamp.prefix(8)))
        return "\(dialect.algorithm) Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(signature(request, stamp, scope))"
    }

    /// The query of a signed URL that is valid for `lifetime` from `time` on, encoded and without a question mark.
    func signedQuery(
        _ method: String, host: String, path: String, query: [(String, String)], lifetime: Duration, at time: Date
    ) -> String {
        let stamp = Self.stamp(time)
        let scope = scope(String(stamp.prefix(8)))
        var query = query
        func add(_ name: String, _ value: String) { query.append((dialect.queryPrefix + name, value)) }
        add("Algorithm", dialect.algorithm)
        add("Credential", "\(credentials.accessKeyID)/\(scope)")
        add("Date", stamp)
        add("Expires", String(lifetime.components.seconds))
        add("SignedHeaders", "host")
        if let token = credentials.sessionToken { add("Security-Token", token) }
        let canonical = Self.canonical(query)
        let request = ["GET", path, canonical, "host:\(host)\n", "host", Self.unsignedPayload].joined(separator: "\n")
        return "\(canonical)&\(dialect.queryPrefix)Signature=\(signature(request, stamp, scope))"
    }

    private func signature(_ request: String, _ stamp: String, _ scope: String) -> String {
        let digest = SHA256.hash(data: Data(request.utf8)).hexadecimal
        let text = [dialect.algorithm, stamp, scope, digest].joined(separator: "\n")
        var key = SymmetricKey(data: Data((dialect.keyPrefix + credentials.secretAccessKey).utf8))
        for part in scope.split(separator: "/") {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key))
        }
        return HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key).hexadecimal
    }

    // MARK: Canonical forms

    /// `20130524T000000Z`
    static func stamp(_ time: Date) -> String {
        time.formatted(
            .iso8601.year().month().day().dateSeparator(.omitted).time(includingFractionalSeconds: false)
                .timeSeparator(.omitted).timeZone(separator: .omitted))
    }

    /// The names of the headers, and their values with spaces collapsed, sorted by name.
    private static func canonicalHeaders(_ headers: [(String, String)]) -> (names: String, values: String) {
        var values: [String: [String]] = [:]
        for (name, value) in headers {
            let words = value.split(whereSeparator: { $0 == " " || $0 == "\t" })
            values[name.lowercased(), default: []].append(words.joined(separator: " "))
        }
        let sorted = values.sorted { $0.key < $1.key }
        let lines = sorted.map { "\($0.key):\($0.value.joined(separator: ","))\n" }
        return (sorted.map(\.key).joined(separator: ";"), lines.joined())
    }

    /// An encoded query, sorted by name and value.
    static func canonical(_ query: [(String, String)]) -> String {
        query.map { (encoded($0.0), encoded($0.1)) }.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// An encoded path. S3 keeps it as it is, without normalizing dots and slashes.
    static func canonical(path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { encoded(String($0)) }.joined(separator: "/")
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
    static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes += Array("0123456789ABCDEF".utf8)[Int(byte >> 4)...Int(byte >> 4)]
                bytes += Array("0123456789ABCDEF".utf8)[Int(byte & 15)...Int(byte & 15)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
