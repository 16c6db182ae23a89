import Foundation
import ObjectStorage
import Storage
import TestSupport
import Testing

@testable import neuroai

/// Where the settings put the files.
@Suite struct StorageSettingsTests {
    private static let keys = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hidden"]

    @Test func theDefaultIsTheMediaFolder() throws {
        #expect(
            try Settings(["MEDIA_ROOT": "/m"]).storageLocation() == .disk(URL(fileURLWithPath: "/m", isDirectory: true))
        )
    }

    @Test func namesOfTheAWSToolsAreRead() throws {
        let settings = try Settings(
            Self.keys.merging([
                "STORAGE_URL": "s3://bucket", "AWS_DEFAULT_REGION": "eu-west-1", "STORAGE_PRESIGNED_URLS": "on",
            ]) { $1 })
        #expect(try settings.storageOrigin() == "https://bucket.s3.eu-west-1.amazonaws.com")
        let local = try Settings(
            Self.keys.merging([
                "STORAGE_URL": "s3://bucket", "AWS_ENDPOINT_URL": "http://localhost:9000",
                "STORAGE_PRESIGNED_URLS": "1",
            ]) { $1 })
        #expect(try local.storageOrigin() == "http://localhost:9000")
        let cdn = try Settings(
            Self.keys.merging([
                "STORAGE_URL": "s3://bucket", "STORAGE_CDN_URL": "https://cdn.example.org/a",
                "STORAGE_PRESIGNED_URLS": "1",
            ]) { $1 })
        #expect(try cdn.storageOrigin() == "https://cdn.example.org")
        #expect(try Settings(Self.keys.merging(["STORAGE_URL": "s3://bucket"]) { $1 }).storageOrigin() == nil)
    }

    @Test(arguments: [
        ["STORAGE_URL": "s3://bucket?sse=none"], ["STORAGE_URL": "media"], ["STORAGE_FALLBACK_URL": "ftp://x"],
        ["AWS_ENDPOINT_URL": "localhost"], ["STORAGE_CDN_URL": "cdn"], ["STORAGE_PRESIGNED_URL_LIFETIME": "1"],
    ]) func anInvalidValueNamesItsSetting(_ values: [String: String]) {
        let error = #expect(throws: SettingsError.self) { try Settings(values) }
        #expect(error?.description.hasPrefix(values.keys.first ?? "-") == true)
    }

    @Test func aBucketNeedsKeys() async throws {
        try await TemporaryFolder.with { folder in
            let values = ["STORAGE_URL": "s3://bucket", "MEDIA_ROOT": folder.path]
            let error = #expect(throws: SettingsError.self) { try Settings(values).blobStore { _ in nil } }
            #expect(error?.description.contains("AWS_SECRET_ACCESS_KEY") == true)
            let store = try Settings(values.merging(Self.keys) { $1 }).blobStore { _ in nil }
            #expect(store is BucketBlobStore)
            #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("cache").path))
        }
    }
}
