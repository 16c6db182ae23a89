import NIOCore
import NIOWebSocket

/// Judges what a client sends (RFC 6455 §5): events flow one way, so that messages are checked and dropped.
struct ClientFrames {
    enum Action: Equatable {
        case ignore
        case pong(ByteBuffer)
        /// The client has answered a ping.
        case alive
        /// The client closes, with this code.
        case closed(WebSocketErrorCode?)
        /// A violation.
        case fail(WebSocketErrorCode)
    }

    /// Bytes of a message and of a frame.
    static let limit = 4096

    /// Bytes of the message that is being received; `nil` between messages.
    private var received: Int?

    mutating func receive(_ frame: WebSocketFrame) -> Action {
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .fail(.protocolError) }
        switch frame.opcode {
        case .ping, .pong, .connectionClose:
            // Control frames are never fragmented and short (§5.5).
            guard frame.fin, frame.length <= 125 else { return .fail(.protocolError) }
            return control(frame)
        case .binary: return received == nil ? .fail(.unacceptableData) : .fail(.protocolError)
        case .text: return received == nil ? collect(frame, after: 0) : .fail(.protocolError)
        case .continuation: return received.map { collect(frame, after: $0) } ?? .fail(.protocolError)
        default: return .fail(.protocolError)
        }
    }

    private mutating func collect(_ frame: WebSocketFrame, after count: Int) -> Action {
        let total = count + frame.length
        guard total <= Self.limit else { return .fail(.messageTooLarge) }
        received = frame.fin ? nil : total
        return .ignore
    }

    private func control(_ frame: WebSocketFrame) -> Action {
        var data = frame.unmaskedData
        switch frame.opcode {
        case .ping: return .pong(data)
        case .pong: return .alive
        default:
            if data.readableBytes == 0 { return .closed(nil) }
            guard let code = data.readWebSocketErrorCode(), code.mayBeSent else { return .fail(.protocolError) }
            return .closed(code)
        }
    }
}

extension WebSocketErrorCode {
    /// §7.4: the others are reserved or must not appear in a frame.
    fileprivate var mayBeSent: Bool {
        let number = UInt16(webSocketErrorCode: self)
        return (1000...1003).contains(number) || (1007...1014).contains(number) || (3000...4999).contains(number)
    }

    /// Overloaded for now; registered with IANA.
    static let tryAgainLater = WebSocketErrorCode(codeNumber: 1013)
}
