import AsyncHTTPClient
import Features
import Foundation
import NIOCore

extension ProviderTransport {
    /// More than any of a provider's documents has; a token endpoint's response is at most some 100 KiB.
    static let largestBody = 512 << 10

    /// Of this process; it has no shutdown, since its connections end with the process.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: {
            var configuration = HTTPClient.Configuration()
            // A provider could be made to send the client's secret elsewhere.
            configuration.redirectConfiguration = .disallow
            configuration.decompression = .enabled(limit: .size(largestBody))
            configuration.httpVersion = .http1Only
            configuration.timeout = .init(connect: .seconds(5), read: .seconds(10), write: .seconds(10))
            return configuration
        }())

    /// Sends requests over the network.
    ///
    /// - Parameters:
    ///   - timeout: for the whole exchange.
    ///   - limit: of a response's body, in bytes.
    static func http(timeout: Duration = .seconds(10), limit: Int = largestBody) -> ProviderTransport {
        ProviderTransport { request in
            var message = HTTPClientRequest(url: request.url)
            message.headers.add(name: "accept", value: "application/json")
            message.headers.add(name: "user-agent", value: "neuroai/\(NeuroAI.version)")
            if let authorization = request.authorization {
                message.headers.add(name: "authorization", value: authorization)
            }
            if let form = request.form {
                message.method = .POST
                message.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
                message.body = .bytes(ByteBuffer(string: form))
            }
            do {
                let response = try await client.execute(
                    message,
                    timeout: .nanoseconds(
                        timeout.components.seconds * 1_000_000_000 + timeout.components.attoseconds / 1_000_000_000))
                let body = try await response.body.collect(upTo: limit)
                return ProviderResponse(status: Int(response.status.code), body: Data(body.readableBytesView))
            } catch {
                try Task.checkCancellation()
                throw NoResponse(error)
            }
        }
    }

    /// Why there is no response; without the URL, which may contain a user's code.
    private struct NoResponse: Error, CustomStringConvertible {
        let description: String

        init(_ error: any Error) {
            description =
                switch error {
                case let error as HTTPClientError: error.shortDescription
                case is NIOTooManyBytesError: "the response is too large"
                default: "\(type(of: error))"
                }
        }
    }
}
