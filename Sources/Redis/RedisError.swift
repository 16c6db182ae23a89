/// Why a command has no result. None contains a password or an argument.
package enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    case server(RedisServerError)
    /// The server refused the user or the password.
    case authentication(code: String)
    /// No connection could be made in time; the command was not sent.
    case unavailable(String)
    /// The connection ended after the command was sent: it may have been executed.
    case connectionLost(command: String)
    /// No reply in time: it may have been executed.
    case timeout(command: String)
    /// The server does not speak RESP2, or exceeds a limit.
    case protocolViolation(String)
    /// A reply of another type than the command has.
    case unexpectedReply(command: String)
    /// The client was shut down.
    case closed

    package var description: String {
        switch self {
        case .server(let error): "Redis: \(error.code) \(error.message)"
        case .authentication(let code):
            "Redis refused the sign-in (\(code)): check the user and the password in the Redis URL."
        case .unavailable(let reason): "Redis is unavailable: \(reason)"
        case .connectionLost(let command): "The connection to Redis ended during \(command)."
        case .timeout(let command): "Redis did not reply to \(command) in time."
        case .protocolViolation(let reason): "The reply is not RESP2: \(reason)."
        case .unexpectedReply(let command): "Unexpected reply to \(command)."
        case .closed: "The Redis client is closed."
        }
    }

    /// Whether another connection may succeed.
    package var isConnectionFailure: Bool {
        switch self {
        case .unavailable, .connectionLost, .timeout, .protocolViolation: true
        case .server(let error): ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"].contains(error.code)
        case .authentication, .unexpectedReply, .closed: false
        }
    }
}
