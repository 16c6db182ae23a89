import Foundation
import Synchronization

/// Forwards loopback connections to a server, until it is told to swallow everything, like a network without a word.
package final class TCPRelay: Sendable {
    private struct State {
        var isSilent = false
        var isStopped = false
    }

    package let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    package struct Failed: Error {}

    package var isSilent: Bool {
        get { state.withLock { $0.isSilent } }
        set { state.withLock { $0.isSilent = newValue } }
    }

    package init(to host: String, _ target: Int) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address("127.0.0.1", 0)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = Self.with(&address) { [listener] in
            bind(listener, $0, size) == 0 && listen(listener, 16) == 0
        }
        var length = size
        guard isListening, Self.with(&address, { [listener] in getsockname(listener, $0, &length) }) == 0 else {
            throw Failed()
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [self] in accept(for: Self.address(host, target)) }.start()
    }

    package func stop() {
        state.withLock { $0.isStopped = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept(for server: sockaddr_in) {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = server
            let result = Self.with(&address) { connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            guard result == 0 else {
                close(client)
                close(upstream)
                continue
            }
            let connection = Connection(client, upstream)
            Thread { [self] in
                forward(from: client, to: upstream)
                connection.end()
            }.start()
            Thread { [self] in
                forward(from: upstream, to: client)
                connection.end()
            }.start()
        }
        close(listener)
    }

    /// Two descriptors, closed once neither direction uses them. (With some 1,400 open ones Foundation's `Process.run` may
    /// crash: swiftlang/swift-corelibs-foundation#5472.)
    private final class Connection: Sendable {
        private let descriptors: [Int32]
        private let ended = Mutex(0)

        init(_ client: Int32, _ upstream: Int32) { descriptors = [client, upstream] }

        /// One direction is over.
        func end() {
            for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
            let isLast = ended.withLock { ended in
                ended += 1
                return ended == descriptors.count
            }
            if isLast { for descriptor in descriptors { close(descriptor) } }
        }
    }

    private func forward(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            while state.withLock({ $0.isSilent && !$0.isStopped }) { Thread.sleep(forTimeInterval: 0.02) }
            guard count > 0, send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
    }

    private static func address(_ host: String, _ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        return address
    }

    private static func with<T>(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> T) -> T {
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }
}
