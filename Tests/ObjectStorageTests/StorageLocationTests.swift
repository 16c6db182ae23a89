import Foundation
import TestSupport
import Testing

@testable import ObjectStorage

@Suite struct StorageLocationTests {
    private static func origin(_ text: String) throws -> String {
        guard case .bucket(let location) = try StorageLocation(text) else { return "no bucket" }
        let credentials = ObjectStoreCredentials(accessKeyID: "a", secretAccessKey: "b")
        let configuration = S3Configuration(location: location, credentials: credentials)
        return configuration.origin + configuration.path(location.prefix + "k")
    }

    @Test(arguments: [
        ("s3://bucket", "https://bucket.s3.us-east-1.amazonaws.com/k"),
        ("s3://b1x/p/q/?region=eu-central-1", "https://b1x.s3.eu-central-1.amazonaws.com/p/q/k"),
        ("s3://b.x.y", "https://s3.us-east-1.amazonaws.com/b.x.y/k"),
        ("s3://bucket?endpoint=http://localhost:9000", "http://localhost:9000/bucket/k"),
        ("s3://bucket?endpoint=https://s3.example.org:443&addressing=virtual", "https://bucket.s3.example.org/k"),
        ("gs://bucket/p", "https://bucket.storage.googleapis.com/p/k"),
    ]) func bucketsHaveAddresses(_ text: String, _ address: String) throws {
        #expect(try Self.origin(text) == address)
    }

    @Test func aFolderIsAnAbsolutePath() throws {
        #expect(
            try StorageLocation("file:///var/lib/x") == .disk(URL(fileURLWithPath: "/var/lib/x", isDirectory: true)))
    }

    @Test(arguments: [
        "", "media", "file://host/x", "file:x", "ftp://b", "s3://", "s3://B_", "s3://bucket?colour=red",
        "s3://bucket?endpoint=localhost:9000", "s3://bucket?endpoint=http://h/path", "s3://bucket?addressing=both",
        "s3://bucket?sse=rot13", "s3://bucket?region=", "gs://bucket?sse=AES256", "s3://key:secret@bucket",
    ]) func anythingElseIsRefusedWithoutBeingRepeated(_ text: String) {
        let error = #expect(throws: StorageURLError.self) { try StorageLocation(text) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test func encryptionIsRead() throws {
        for (text, encryption) in [
            ("AES256", BucketLocation.Encryption.aes256), ("aws:kms", .kms(key: nil)),
            ("aws:kms:arn:aws:kms:eu:1:key/2", .kms(key: "arn:aws:kms:eu:1:key/2")),
        ] {
            guard case .bucket(let location) = try StorageLocation("s3://bucket?sse=\(text)") else { return }
            #expect(location.encryption == encryption)
        }
    }
}
