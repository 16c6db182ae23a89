import Foundation

/// A port of the loopback address that nothing listens on.
package enum FreePort {
    package struct None: Error {}

    package static func find() throws -> UInt16 {
        guard let port = bound(to: 0) else { throw None() }
        return port
    }

    /// A port that the system gives to no connection while the server that uses it is down (`ip_local_port_range`).
    package static func findForRestarts() throws -> UInt16 {
        for _ in 0..<100 {
            if let port = bound(to: .random(in: 15_000..<32_000)) { return port }
        }
        throw None()
    }

    /// The port that a socket was bound to for a moment; `nil` if it is taken.
    private static func bound(to port: UInt16) -> UInt16? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        return isBound ? UInt16(bigEndian: address.sin_port) : nil
    }
}
