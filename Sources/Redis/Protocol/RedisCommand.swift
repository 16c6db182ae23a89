import NIOCore

/// A command with its arguments, which are binary-safe.
package struct RedisCommand: Sendable, Equatable {
    package enum Argument: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
        ExpressibleByIntegerLiteral
    {
        case text(String)
        case bytes([UInt8])

        package init(stringLiteral value: String) { self = .text(value) }
        package init(integerLiteral value: Int) { self = .text(String(value)) }
        package static func integer(_ value: Int) -> Argument { .text(String(value)) }
        package static func number(_ value: Double) -> Argument { .text(String(value)) }
    }

    /// Upper case; errors and logs name it, never the arguments.
    package let name: String
    package let arguments: [Argument]

    package init(_ name: String, _ arguments: Argument...) { self.init(name, arguments) }

    package init(_ name: String, _ arguments: [Argument]) {
        self.name = name
        self.arguments = arguments
    }

    /// An array of bulk strings.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeString("*\(arguments.count + 1)\r\n$\(name.utf8.count)\r\n\(name)\r\n")
        for argument in arguments {
            switch argument {
            case .text(let text):
                buffer.writeString("$\(text.utf8.count)\r\n")
                buffer.writeString(text)
            case .bytes(let bytes):
                buffer.writeString("$\(bytes.count)\r\n")
                buffer.writeBytes(bytes)
            }
            buffer.writeString("\r\n")
        }
    }
}
