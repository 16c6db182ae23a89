import Foundation
import NIOCore
import NIOPosix

/// The address that the server listens on.
enum ListenAddress {
    /// Binds the address and releases it again, before anything else is started.
    ///
    /// - Throws: `SettingsError` naming `HOST` or `PORT` if the server can't listen on it.
    static func check(host: String, port: Int) async throws {
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port).get()
            try await channel.close().get()
        } catch let error as IOError {
            throw SettingsError(sentence(for: error.errnoCode, host, port))
        } catch is SocketAddressError.UnknownHost {
            throw SettingsError("HOST \(host) cannot be resolved to an address.")
        }
    }

    private static func sentence(for code: CInt, _ host: String, _ port: Int) -> String {
        switch code {
        case EADDRINUSE:
            "Port \(port) on \(host) is already in use. Stop the other program, or set another PORT or HOST."
        case EADDRNOTAVAIL: "HOST \(host) is not an address of this machine."
        case EACCES: "PORT \(port) requires privileges. Set a PORT above 1023."
        default: "Cannot listen on port \(port) of \(host) (errno \(code)). Check HOST and PORT."
        }
    }
}
