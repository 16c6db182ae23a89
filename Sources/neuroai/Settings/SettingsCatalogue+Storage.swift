import Foundation
import ObjectStorage

extension SettingsCatalogue {
    static let storage = Section(
        title: "Object storage",
        settings: [
            Setting(
                "STORAGE_URL", .judged(by: location("STORAGE_URL")), default: nil, note: "`file://` and `MEDIA_ROOT`",
                reader: .all,
                "Where images and masks are stored: `file:///path`; `s3://bucket/prefix?endpoint=…&region=…&addressing=…&sse=…` with addressing `path` or `virtual` and sse `AES256`, `aws:kms` or `aws:kms:KEY`, or `gs://bucket/prefix` (docs/operations.md)."
            ),
            Setting(
                "STORAGE_FALLBACK_URL", .judged(by: location("STORAGE_FALLBACK_URL")), default: nil, reader: .all,
                "The previous `STORAGE_URL`, from which files are read that have not been copied yet."),
            Setting(
                "STORAGE_CACHE_ROOT", .text, default: nil, note: "`cache` in `MEDIA_ROOT`", reader: .all,
                "Directory of local copies of files in an object store, shared by all processes of a machine."),
            Setting(
                "STORAGE_CACHE_SIZE", .bytes(0...(1 << 50)), default: "20 GiB", reader: .all,
                "Size of the local copies; those used longest ago are deleted. Files in use are not counted."),
            Setting(
                "STORAGE_PRESIGNED_URLS", .flag, default: "false",
                "Redirect downloads to signed URLs of the object store instead of sending the bytes. Clients must be able to reach it."
            ),
            Setting(
                "STORAGE_PRESIGNED_URL_LIFETIME", .integer(10...604_800), default: "300",
                "Lifetime of such a URL, in seconds."),
            Setting(
                "STORAGE_CDN_URL", .judged(by: cdn), default: nil,
                "Base URL of a CDN in front of the bucket, which replaces scheme and host of signed URLs."),
            Setting(
                "AWS_ACCESS_KEY_ID", .text, default: nil, secrecy: .secret, reader: .all, "Access key of `s3://`."),
            Setting(
                "AWS_SECRET_ACCESS_KEY", .text, default: nil, secrecy: .secret, reader: .all,
                "Secret key of `s3://`."),
            Setting(
                "AWS_SESSION_TOKEN", .text, default: nil, secrecy: .secret, reader: .all,
                "Session token of temporary credentials for `s3://`."),
            Setting(
                "AWS_REGION", .text, default: nil, note: "`AWS_DEFAULT_REGION`, then `us-east-1`", reader: .all,
                "Region of `s3://` unless the URL names one."),
            Setting(
                "AWS_DEFAULT_REGION", .text, default: nil, reader: .all, "Region if `AWS_REGION` is not set."),
            Setting(
                "AWS_ENDPOINT_URL_S3", .judged(by: endpoint("AWS_ENDPOINT_URL_S3")), default: nil,
                note: "`AWS_ENDPOINT_URL`, then AWS", reader: .all, "Endpoint of `s3://` unless the URL names one."),
            Setting(
                "AWS_ENDPOINT_URL", .judged(by: endpoint("AWS_ENDPOINT_URL")), default: nil, reader: .all,
                "Endpoint if `AWS_ENDPOINT_URL_S3` is not set."),
            Setting(
                "GS_ACCESS_KEY_ID", .text, default: nil, secrecy: .secret, reader: .all,
                "Access ID of an HMAC key for `gs://`."),
            Setting(
                "GS_SECRET_ACCESS_KEY", .text, default: nil, secrecy: .secret, reader: .all,
                "Secret of the HMAC key for `gs://`."),
        ])

    private static func location(_ name: String) -> @Sendable (String) throws -> Void {
        { text in
            do { _ = try StorageLocation(text) } catch let error as StorageURLError {
                throw SettingsError("\(name) \(error.description)")
            }
        }
    }

    private static func endpoint(_ name: String) -> @Sendable (String) throws -> Void {
        { text in
            do { _ = try BucketLocation.endpoint(text) } catch let error as StorageURLError {
                throw SettingsError("\(name) \(error.description)")
            }
        }
    }

    @Sendable private static func cdn(_ text: String) throws {
        let parts = URLComponents(string: text)
        guard ["http", "https"].contains(parts?.scheme), parts?.host?.isEmpty == false, parts?.query == nil else {
            throw SettingsError("STORAGE_CDN_URL must be a URL such as https://cdn.example.org.")
        }
    }
}
