import AsyncHTTPClient
import Basics
import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import Storage

/// A request to a bucket, not yet signed.
struct S3Request: Sendable {
    let method: String
    /// The object's full name; empty for the bucket itself.
    let name: String
    /// Not encoded.
    var query: [(String, String)] = []
    var headers: [(String, String)] = []
    let body: Data

    init(_ method: String, _ name: String, body: Data = Data()) {
        self.method = method
        self.name = name
        self.body = body
    }
}

/// A successful response.
struct S3Response: Sendable {
    let headers: HTTPHeaders
    let body: Data

    /// - Parameter root: the name of the root element; `nil` for any.
    /// - Throws: the error in the body if its root is `Error`.
    func xml(_ root: String?) throws -> XMLNode {
        guard let node = XMLNode(body) else {
            throw BucketError.noResponse(reason: "a response is not XML")
        }
        if node.name == "Error" { throw S3ErrorResponse(status: 500, node).error }
        guard root == nil || node.name == root else { throw BucketError.unavailable(reason: "an unexpected response") }
        return node
    }
}

/// Signs and sends requests, one attempt each, and turns responses into values or errors.
struct S3Client: Sendable {
    /// Errors that only this folder handles.
    enum Refusal: Error {
        case rangeNotSatisfiable
    }

    let clock = ServiceClock()
    private let configuration: S3Configuration
    private let signature: SignatureV4

    /// Larger responses than any part of an object or page of a list that we ask for.
    private static let mostBytes = 64 << 20

    /// Of this process; it has no shutdown, since its connections end with the process.
    private static let http = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: {
            var configuration = HTTPClient.Configuration()
            // A signature covers the host, so a redirected request would be refused.
            configuration.redirectConfiguration = .disallow
            configuration.decompression = .disabled
            configuration.httpVersion = .http1Only
            // `BucketRequests` retries.
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.timeout = .init(connect: .seconds(10), read: .seconds(30), write: .seconds(30))
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
            return configuration
        }())

    init(_ configuration: S3Configuration) throws {
        self.configuration = configuration
        signature = SignatureV4(
            credentials: configuration.credentials, region: configuration.region,
            dialect: configuration.location.service == .google ? .google : .aws)
    }

    /// - Throws: `BucketError`, `Refusal` or `CancellationError`.
    func send(_ request: S3Request) async throws -> S3Response {
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await Self.http.execute(signed(request), timeout: .init(configuration.timeout))
            body = try await response.body.collect(upTo: Self.mostBytes)
        } catch {
            try Task.checkCancellation()
            throw BucketError.noResponse(reason: Self.reason(error))
        }
        let wasCorrected = clock.learn(response.headers.first(name: "date"))
        let data = Data(body.readableBytesView)
        guard (200..<300).contains(response.status.code) else {
            throw Self.error(Int(response.status.code), data, wasCorrected)
        }
        if request.method == "HEAD"
            || response.headers.first(name: "content-length").map({ $0 == "\(data.count)" }) ?? true
        {
            return S3Response(headers: response.headers, body: data)
        }
        throw BucketError.noResponse(reason: "a response was cut off")
    }

    private func signed(_ request: S3Request) -> HTTPClientRequest {
        let prefix = signature.dialect.headerPrefix
        let time = clock.now.date
        let digest = SHA256.hash(data: request.body).hexadecimal
        let path = configuration.path(request.name)
        var headers = request.headers
        headers.append(("host", configuration.host))
        headers.append((prefix + "content-sha256", digest))
        headers.append((prefix + "date", SignatureV4.stamp(time)))
        if let token = signature.credentials.sessionToken { headers.append((prefix + "security-token", token)) }
        let authorization = signature.authorization(
            request.method, path: path, query: request.query, headers: headers, payloadHash: digest, at: time)
        let query = SignatureV4.canonical(request.query)
        var result = HTTPClientRequest(url: configuration.origin + path + (query.isEmpty ? "" : "?" + query))
        result.method = HTTPMethod(rawValue: request.method)
        for (name, value) in headers where name != "host" { result.headers.add(name: name, value: value) }
        result.headers.add(name: "authorization", value: authorization)
        if !request.body.isEmpty || request.method == "PUT" { result.body = .bytes(ByteBuffer(bytes: request.body)) }
        return result
    }

    func signedURL(_ name: String, lifetime: Duration, query: [(String, String)]) throws -> URL {
        let path = configuration.path(name)
        let signed = signature.signedQuery(
            "GET", host: configuration.host, path: path, query: query, lifetime: lifetime, at: clock.now.date)
        guard let url = URL(string: "\(configuration.origin)\(path)?\(signed)") else {
            throw BucketError.refused(reason: "the endpoint has no valid URL")
        }
        return url
    }

    // MARK: Errors

    /// - Parameter wasCorrected: whether the request was signed with a wrong time.
    private static func error(_ status: Int, _ body: Data, _ wasCorrected: Bool) -> any Error {
        // Responses to HEAD have no body, and so no code.
        if status == 404, body.isEmpty { return BucketError.noSuchKey }
        if body.isEmpty, status == 400 || status == 403 && wasCorrected {
            return BucketError.unavailable(reason: "HTTP \(status)")
        }
        if status == 412 { return BucketError.preconditionFailed }
        if status == 416 { return Refusal.rangeNotSatisfiable }
        return S3ErrorResponse(status: status, XMLNode(body)).error
    }

    /// Only the kind of the error: its text may contain the URL.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: "\(error.shortDescription)"
        default: "\(type(of: error))"
        }
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        self = .nanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}
