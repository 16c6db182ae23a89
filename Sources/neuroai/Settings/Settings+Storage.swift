import Foundation
import ObjectStorage
import Storage

extension Settings {
    /// Opens the store of `STORAGE_URL`, which reads through to `STORAGE_FALLBACK_URL` if that is set.
    ///
    /// - Parameter digests: the recorded SHA-256 of a blob, by which cached copies are verified.
    func blobStore(digests: @escaping BucketBlobStore.Digests) throws -> any BlobStore {
        let primary = try blobStore(at: try storageLocation(), digests: digests)
        guard let fallback = self["STORAGE_FALLBACK_URL"] else { return primary }
        return FallbackBlobStore(
            primary, fallback: try blobStore(at: try Self.location("STORAGE_FALLBACK_URL", fallback), digests: digests))
    }

    func storageLocation() throws -> StorageLocation {
        guard let text = self["STORAGE_URL"] else { return .disk(mediaRoot) }
        return try Self.location("STORAGE_URL", text)
    }

    /// - Parameter name: of the setting or option, for errors.
    static func location(_ name: String, _ text: String) throws -> StorageLocation {
        do { return try StorageLocation(text) } catch let error as StorageURLError {
            throw SettingsError("\(name) \(error.description)")
        }
    }

    func blobStore(at location: StorageLocation, digests: @escaping BucketBlobStore.Digests) throws -> any BlobStore {
        switch location {
        case .disk(let root): return try DiskBlobStore(root: root)
        case .bucket(let bucket):
            let configuration = try configuration(bucket)
            let lifetime = flag("STORAGE_PRESIGNED_URLS") ? try number("STORAGE_PRESIGNED_URL_LIFETIME") : nil
            return BucketBlobStore(
                bucket: try S3Bucket(configuration), cache: try blobCache(),
                delivery: BucketDelivery(lifetime: lifetime.map { .seconds($0) }, cdn: cdn), digests: digests)
        }
    }

    private var cdn: URL? { self["STORAGE_CDN_URL"].flatMap { URL(string: $0) } }

    /// The origin that browsers load signed URLs from; `nil` if they get no signed URLs.
    func storageOrigin() throws -> String? {
        guard flag("STORAGE_PRESIGNED_URLS"), case .bucket(let bucket) = try storageLocation() else { return nil }
        guard let cdn, var parts = URLComponents(url: cdn, resolvingAgainstBaseURL: false) else {
            return try configuration(bucket).origin
        }
        parts.path = ""
        return parts.string
    }

    private func blobCache() throws -> BlobCache {
        let root = self["STORAGE_CACHE_ROOT"].map { URL(fileURLWithPath: $0, isDirectory: true) }
        return try BlobCache(
            root: root ?? mediaRoot.appendingPathComponent("cache", isDirectory: true),
            limit: try bytes("STORAGE_CACHE_SIZE"))
    }

    /// With the region, endpoint and keys of the environment, under the names that the AWS SDKs read.
    private func configuration(_ bucket: BucketLocation) throws -> S3Configuration {
        var bucket = bucket
        let prefix = bucket.service == .google ? "GS" : "AWS"
        if bucket.service == .s3 {
            bucket.region = bucket.region ?? self["AWS_REGION"] ?? self["AWS_DEFAULT_REGION"]
            bucket.endpoint =
                try bucket.endpoint
                ?? (self["AWS_ENDPOINT_URL_S3"] ?? self["AWS_ENDPOINT_URL"]).map {
                    try BucketLocation.endpoint($0)
                }
        }
        guard let id = self["\(prefix)_ACCESS_KEY_ID"], let secret = self["\(prefix)_SECRET_ACCESS_KEY"] else {
            throw SettingsError(
                "STORAGE_URL needs credentials. Set \(prefix)_ACCESS_KEY_ID and \(prefix)_SECRET_ACCESS_KEY.")
        }
        return S3Configuration(
            location: bucket,
            credentials: ObjectStoreCredentials(
                accessKeyID: id, secretAccessKey: secret,
                sessionToken: bucket.service == .s3 ? self["AWS_SESSION_TOKEN"] : nil))
    }
}
