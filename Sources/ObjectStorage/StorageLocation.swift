import Foundation

/// Where blobs are stored, as in the setting `STORAGE_URL`.
package enum StorageLocation: Sendable, Equatable {
    /// A folder.
    case disk(URL)
    case bucket(BucketLocation)

    /// - Parameter text: `file:///path`, or
    ///   `s3://bucket[/prefix]?endpoint=…&region=…&addressing=path|virtual&sse=AES256|aws:kms[:KEY]`, or
    ///   `gs://bucket[/prefix]`.
    /// - Throws: `StorageURLError`.
    package init(_ text: String) throws {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased() else {
            throw StorageURLError("is not a URL. Use file:///path, s3://bucket or gs://bucket.")
        }
        guard parts.user == nil, parts.password == nil else {
            throw StorageURLError("must not contain credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
        }
        switch scheme {
        case "file":
            guard parts.host ?? "" == "", parts.path.hasPrefix("/"), parts.query == nil else {
                throw StorageURLError("must be file:// followed by an absolute path, such as file:///var/lib/neuroai.")
            }
            self = .disk(URL(fileURLWithPath: parts.path, isDirectory: true))
        case "s3": self = .bucket(try BucketLocation(.s3, parts))
        case "gs": self = .bucket(try BucketLocation(.google, parts))
        default: throw StorageURLError("must start with file://, s3:// or gs://.")
        }
    }
}

/// An invalid storage URL; the description continues the name of its setting.
package struct StorageURLError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A bucket, or the part of a bucket below a prefix.
package struct BucketLocation: Sendable, Equatable {
    package enum Service: Sendable {
        case s3
        /// Google Cloud Storage by its XML API.
        case google
    }

    /// How a request names the bucket.
    package enum Addressing: String, Sendable {
        /// `https://endpoint/bucket/name`
        case path
        /// `https://bucket.endpoint/name`
        case virtual
    }

    /// How the service encrypts objects at rest.
    package enum Encryption: Sendable, Equatable {
        /// With keys of the service.
        case aes256
        /// With AWS KMS: the key's ID, or the account's default key.
        case kms(key: String?)
    }

    package var service: Service
    package var bucket: String
    /// Empty, or ends with a slash.
    package var prefix: String
    /// The service's address; `nil` means AWS's own in the region, or Google's.
    package var endpoint: URL?
    package var region: String?
    package var addressing: Addressing?
    /// `nil` leaves it to the bucket's default.
    package var encryption: Encryption?

    init(_ service: Service, _ parts: URLComponents) throws {
        self.service = service
        guard let name = parts.host, name.wholeMatch(of: /[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/) != nil, parts.port == nil
        else { throw StorageURLError("must name a bucket, such as s3://bucket or s3://bucket/prefix.") }
        bucket = name
        let path = parts.path.split(separator: "/").joined(separator: "/")
        prefix = path.isEmpty ? "" : path + "/"
        for item in parts.queryItems ?? [] {
            guard let value = item.value, !value.isEmpty else {
                throw StorageURLError("has no value for \(item.name.prefix(40)).")
            }
            try set(item.name, value)
        }
    }

    private mutating func set(_ name: String, _ value: String) throws {
        switch name {
        case "endpoint": endpoint = try Self.endpoint(value)
        case "region": region = value
        case "addressing":
            guard let known = Addressing(rawValue: value) else {
                throw StorageURLError("has an unknown addressing. Use path or virtual.")
            }
            addressing = known
        case "sse" where service == .s3: encryption = try Self.encryption(value)
        default:
            throw StorageURLError(
                "has an unknown parameter. It takes endpoint, region, addressing\(service == .s3 ? " and sse" : "").")
        }
    }

    /// - Throws: `StorageURLError` unless it is `http://` or `https://` with a host and nothing after it.
    package static func endpoint(_ text: String) throws -> URL {
        guard let parts = URLComponents(string: text), ["http", "https"].contains(parts.scheme?.lowercased()),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.query == nil,
            ["", "/"].contains(parts.path), let url = parts.url
        else { throw StorageURLError("has an invalid endpoint. Use a URL such as https://s3.example.org:9000.") }
        return url
    }

    private static func encryption(_ text: String) throws -> Encryption {
        if text == "AES256" { return .aes256 }
        if text == "aws:kms" { return .kms(key: nil) }
        let prefix = "aws:kms:"
        guard text.hasPrefix(prefix), text.count > prefix.count else {
            throw StorageURLError("has an unknown sse. Use AES256, aws:kms or aws:kms:KEY.")
        }
        return .kms(key: String(text.dropFirst(prefix.count)))
    }
}
