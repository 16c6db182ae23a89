import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Kernel

/// The opening handshake of a WebSocket (RFC 6455 §4.2).
struct SocketHandshake {
    /// A request that must be repeated as a WebSocket's (426, RFC 9110 §15.5.22).
    struct UpgradeRequired: Error {}

    static let version = "13"
    /// The subprotocol whose second item is the access token; browsers can send no other header.
    private static let bearer = "bearer"
    /// RFC 6455 §1.3.
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    private let accept: String
    private let subprotocol: String?

    /// - Throws: `UpgradeRequired` if this is no WebSocket of version 13, a validation error if its key is invalid.
    init(_ request: Request) throws {
        let fields = request.headers
        guard request.method == .get, fields.tokens(.upgrade).contains("websocket"),
            fields.tokens(.connection).contains("upgrade"), fields[.socketVersion] == Self.version
        else { throw UpgradeRequired() }
        let keys = fields[values: .socketKey]
        guard keys.count == 1, Data(base64Encoded: keys[0])?.count == 16 else {
            throw AppError.invalid("non_field_errors", "Sec-WebSocket-Key must be 16 bytes in Base64.")
        }
        let digest = Insecure.SHA1.hash(data: Data((keys[0] + Self.suffix).utf8))
        accept = Data(digest).base64EncodedString()
        subprotocol = Self.token(in: fields) == nil ? nil : Self.bearer
    }

    /// The access token in `Sec-WebSocket-Protocol: bearer, TOKEN`.
    static func token(in fields: HTTPFields) -> String? {
        let offered = fields.list(.socketProtocol)
        return offered.count == 2 && offered[0].lowercased() == bearer ? offered[1] : nil
    }

    /// The head of the response.
    var headers: HTTPFields {
        var headers: HTTPFields = [.upgrade: "websocket", .connection: "Upgrade", .socketAccept: accept]
        if let subprotocol { headers[.socketProtocol] = subprotocol }
        return headers
    }
}

extension HTTPFields {
    /// The items of a list, as sent.
    fileprivate func list(_ name: HTTPField.Name) -> [String] {
        self[values: name].flatMap { $0.split(separator: ",") }.map { String($0).trimmed }
    }

    fileprivate func tokens(_ name: HTTPField.Name) -> [String] {
        list(name).map { $0.lowercased() }
    }
}

extension HTTPField.Name {
    private static func socket(_ name: String) -> HTTPField.Name { Self("Sec-WebSocket-" + name).unsafelyUnwrapped }

    fileprivate static let socketKey = socket("Key")
    fileprivate static let socketAccept = socket("Accept")
    fileprivate static let socketProtocol = socket("Protocol")
    static let socketVersion = socket("Version")
}
