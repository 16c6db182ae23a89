import Hummingbird
import HummingbirdCore

/// What a connection may cost the server.
package enum ServerLimits {
    /// HTTP/1.1 with bounded heads and a timeout for slow clients.
    ///
    /// - Parameters:
    ///   - seconds: how long a client may take to send a head, and how long it may be slow with anything else.
    ///   - connections: told of each one.
    package static func http(clientTimeout seconds: Int, connections: OpenConnections) -> HTTPServerBuilder {
        .loopBound(
            configuration:
                HTTP1Channel.Configuration(
                    additionalChannelHandlers: [SlowClientHandler(seconds: seconds)],
                    idleTimeout: .seconds(Int64(seconds)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)),
            connections: connections)
    }
}
