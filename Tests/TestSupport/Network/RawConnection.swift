import Foundation

/// A local socket, for requests that HTTP clients would not send.
package final class RawConnection: Sendable {
    private let descriptor: Int32

    package struct Refused: Error {}

    /// - Parameter receiveBuffer: bytes of the system's receive buffer; it grows if this is `nil`.
    package init(_ port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard result == 0 else { throw Refused() }
    }

    deinit { close(descriptor) }

    /// The response until the server closes the connection; `nil` if it does not within `seconds`.
    ///
    /// - Parameters:
    ///   - drip: sent repeatedly.
    ///   - isEnd: whether the client disconnects after `opening`.
    package func answer(
        to opening: some Collection<UInt8>, drip: String = "", isEnd: Bool = false, within seconds: Double
    ) async throws -> String? {
        let end = Date.now.addingTimeInterval(seconds)
        var received: [UInt8] = []
        transmit(Array(opening))
        if isEnd { shutdown(descriptor, Int32(SHUT_WR)) }
        while Date.now < end {
            var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&state, 1, 0) > 0 {
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count <= 0 { return String(decoding: received, as: UTF8.self) }
                received += buffer.prefix(count)
            } else {
                if !drip.isEmpty { transmit(Array(drip.utf8)) }
                try await Task.sleep(for: .milliseconds(drip.isEmpty ? 10 : 200))
            }
        }
        return nil
    }

    /// What arrives next; empty at the end of the connection or after `seconds`.
    package func receive(within seconds: Double) async throws -> [UInt8] {
        let end = Date.now.addingTimeInterval(seconds)
        while Date.now < end {
            var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&state, 1, 0) > 0 else {
                try await Task.sleep(for: .milliseconds(5))
                continue
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            // Before the use of `buffer`: as an argument to its method, this would fill a copy.
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return Array(buffer.prefix(max(0, count)))
        }
        return []
    }

    package func transmit(_ bytes: [UInt8]) {
        // A closed connection must not end the tests with a signal.
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
}
