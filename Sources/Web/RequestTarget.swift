import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Kernel
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

extension Request {
    /// - Throws: a validation error if the head does not define the host, the target or the body's framing.
    func checkHead() throws {
        // The first `Host` is the authority; further ones remain among the fields.
        guard head.authority.flatMap({ Authority($0) }) != nil, headers[.secondHost] == nil else {
            throw AppError.invalid(
                "non_field_errors",
                "Send exactly one Host header (host and optional port). It must match the host of an absolute URL."
            )
        }
        guard [uri.path, uri.query ?? ""].allSatisfy({ !$0.utf8.contains(37) || $0.removingPercentEncoding != nil })
        else {
            throw AppError.invalid(
                "non_field_errors", "Invalid URL encoding. Use percent-encoded UTF-8.")
        }
        if let coding = headers[.transferEncoding], coding.trimmed.lowercased() != "chunked" {
            throw AppError.invalid("non_field_errors", "Unsupported transfer coding. Send the body unencoded.")
        }
    }
}

extension HTTPField.Name {
    fileprivate static let secondHost = HTTPField.Name("Host").unsafelyUnwrapped
}

extension Authority {
    /// The host of `http://host/path`; `nil` for any other target.
    init?(ofAbsolute target: String) {
        let lowered = target.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowered.hasPrefix($0) }) else { return nil }
        self.init(lowered.dropFirst(scheme.count).prefix { !"/?#".contains($0) })
    }
}

/// HTTP with absolute request targets (RFC 9112 §3.2.2).
struct TargetCheckedChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(AbsoluteTargetHandler(), position: .before(codec))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}

/// Preserves what the framework drops: if an absolute target's host differs from `Host`, it is added as a second
/// `Host`.
private final class AbsoluteTargetHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), !head.uri.hasPrefix("/"),
            head.uri != "*" || head.method != .OPTIONS
        else {
            context.fireChannelRead(data)
            return
        }
        let named = Authority(ofAbsolute: head.uri)
        if named == nil || named != head.headers["Host"].first.flatMap({ Authority($0) }) {
            head.headers.add(name: "Host", value: "")
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
