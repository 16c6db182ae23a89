import Hummingbird
import HummingbirdCore

/// Limits of a connection.
package enum ServerLimits {
    /// HTTP/1.1 with bounded headers and a timeout for slow clients.
    ///
    /// - Parameters:
    ///   - seconds: how long a client may take to send headers, and how long it may be slow otherwise.
    ///   - connections: tracks each one.
    package static func http(clientTimeout seconds: Int, connections: OpenConnections) -> HTTPServerBuilder {
        .loopBound(
            configuration:
                HTTP1Channel.Configuration(
                    additionalChannelHandlers: [SlowClientHandler(seconds: seconds), EventChannelHandler()],
                    idleTimeout: .seconds(Int64(seconds)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)),
            connections: connections)
    }
}
