import Basics
import Crypto
import Foundation
import Testing

@testable import ObjectStorage

/// Published signatures: AWS's "Signature Version 4 test suite" and the examples in the Amazon S3 API Reference
/// ("Authenticating Requests: Using the Authorization Header" and "Using Query Parameters").
@Suite struct SignatureV4Tests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "GET"
        var path = "/"
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var body = ""
        var signature: String

        var testDescription: String { name }
    }

    private static func digest(_ text: String) -> String { SHA256.hash(data: Data(text.utf8)).hexadecimal }

    private static func date(_ text: String) throws -> Date { try #require(HTTPDate.iso8601(text)) }

    static let suite: [Vector] = [
        Vector(
            name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            name: "get-vanilla-query-order-key-case", query: [("Param2", "value2"), ("Param1", "value1")],
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Vector(
            name: "get-unreserved", path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        Vector(
            name: "post-x-www-form-urlencoded", method: "POST",
            headers: [("Content-Type", "application/x-www-form-urlencoded")], body: "Param1=value1",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ]

    @Test(arguments: suite) func theTestSuiteIsSigned(_ vector: Vector) throws {
        let credentials = ObjectStoreCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        let signer = SignatureV4(credentials: credentials, region: "us-east-1", service: "service")
        let text = signer.authorization(
            vector.method, path: vector.path, query: vector.query,
            headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")] + vector.headers,
            payloadHash: Self.digest(vector.body), at: try Self.date("2015-08-30T12:36:00Z"))
        #expect(text.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "))
        #expect(text.hasSuffix("Signature=\(vector.signature)"))
    }

    private static let example = SignatureV4(
        credentials: ObjectStoreCredentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")
    private static let host = "examplebucket.s3.amazonaws.com"

    static let examples: [Vector] = [
        Vector(
            name: "GET Object", path: "/test.txt", headers: [("Range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Vector(
            name: "PUT Object", method: "PUT", path: SignatureV4.canonical(path: "/test$file.text"),
            headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            body: "Welcome to Amazon S3.",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Vector(
            name: "GET Bucket Lifecycle", query: [("lifecycle", "")],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Vector(
            name: "GET Bucket", query: [("max-keys", "2"), ("prefix", "J")],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test(arguments: examples) func theExamplesOfS3AreSigned(_ vector: Vector) throws {
        let hash = Self.digest(vector.body)
        let headers = [("host", Self.host), ("x-amz-content-sha256", hash), ("x-amz-date", "20130524T000000Z")]
        let text = Self.example.authorization(
            vector.method, path: vector.path, query: vector.query, headers: headers + vector.headers, payloadHash: hash,
            at: try Self.date("2013-05-24T00:00:00Z"))
        #expect(text.hasSuffix("Signature=\(vector.signature)"))
    }

    @Test func theExampleOfASignedURLIsMade() throws {
        let query = Self.example.signedQuery(
            "GET", host: Self.host, path: "/test.txt", query: [], lifetime: .seconds(86_400),
            at: try Self.date("2013-05-24T00:00:00Z"))
        #expect(
            query
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    @Test func namesAreEncodedOnce() {
        #expect(SignatureV4.canonical(path: "a b/ü+%/~") == "a%20b/%C3%BC%2B%25/~")
        #expect(SignatureV4.canonical([("b", "1"), ("a", "x=y&z"), ("a", "")]) == "a=&a=x%3Dy%26z&b=1")
    }

    @Test func credentialsAreNotPrinted() {
        let credentials = ObjectStoreCredentials(accessKeyID: "ID", secretAccessKey: "hidden", sessionToken: "token")
        var dumped = ""
        dump(credentials, to: &dumped)
        #expect(!"\(credentials) \(dumped)".contains("hidden") && !dumped.contains("token"))
    }

    @Test func timesOfResponsesAreRead() throws {
        let date = try Self.date("2013-05-24T00:00:00Z")
        #expect(HTTPDate.parse("Fri, 24 May 2013 00:00:00 GMT") == date)
        #expect(HTTPDate.iso8601("2013-05-24T00:00:00.000Z") == date)
        for text in ["", "Fri, 24 Mai 2013 00:00:00 GMT", "2013-05-24"] { #expect(HTTPDate.parse(text) == nil) }
        #expect(SignatureV4.stamp(date) == "20130524T000000Z")
    }
}
