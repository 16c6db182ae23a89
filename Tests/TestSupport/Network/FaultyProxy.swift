import Foundation
import Synchronization

/// A proxy in front of an object store that fails as networks and servers do.
package final class FaultyProxy: Sendable {
    package enum Fault: Sendable, Equatable {
        /// An error response; the server never sees the request.
        case status(Int, code: String)
        /// The connection is reset before the server sees the request.
        case reset
        /// The server handles the request; its response is lost.
        case lostResponse
        /// The connection ends in the middle of the response.
        case halfResponse
        /// The response comes late.
        case slow(seconds: Double)
    }

    /// The head of a request, as text, and its number from 1 on.
    package typealias Plan = @Sendable (_ number: Int, _ head: String) -> Fault?

    private let listener: Int32
    private let target: UInt16
    private let plan: Mutex<Plan>
    private let heads = Mutex<[String]>([])

    package let url: URL

    package init(to target: UInt16, _ plan: @escaping Plan = { _, _ in nil }) throws {
        self.target = target
        self.plan = Mutex(plan)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        let port = try FreePort.find()
        guard Self.with(port, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0,
            let url = URL(string: "http://127.0.0.1:\(port)")
        else { throw ObjectStore.Failed() }
        self.url = url
        Thread { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let self else { return }
                Thread { self.serve(client) }.start()
            }
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Which requests fail from now on.
    package func set(_ plan: @escaping Plan) { self.plan.withLock { $0 = plan } }

    /// The heads of all requests so far.
    package var requests: [String] { heads.withLock { $0 } }

    private static func with(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Handles one request, then closes the connection.
    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let (head, request) = Self.request(client) else { return }
        let number = heads.withLock { heads in
            heads.append(head)
            return heads.count
        }
        let plan = plan.withLock { $0 }
        let fault = plan(number, head)
        switch fault {
        case .status(let status, let code):
            let body = "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>secret</Message></Error>"
            Self.send(
                Data("HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n\(body)".utf8),
                client)
            return
        case .reset:
            // With this option `close` sends a reset.
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
            return
        default: break
        }
        let response = forward(request)
        switch fault {
        case .lostResponse: return
        case .halfResponse: Self.send(response.prefix(response.count - max(1, response.count / 8)), client)
        case .slow(let seconds):
            Thread.sleep(forTimeInterval: seconds)
            Self.send(response, client)
        default: Self.send(response, client)
        }
    }

    private func forward(_ request: Data) -> Data {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(server) }
        guard Self.with(target, { connect(server, $0, $1) }) == 0 else { return Data() }
        Self.send(request, server)
        var response = Data()
        while let piece = Self.receive(server) { response += piece }
        return response
    }

    /// The head and the whole request, which asks the server to close the connection.
    private static func request(_ client: Int32) -> (head: String, whole: Data)? {
        var received = Data()
        let mark = Data("\r\n\r\n".utf8)
        while true {
            if let end = received.range(of: mark) {
                let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
                let lines = head.components(separatedBy: "\r\n")
                let length = lines.first { $0.lowercased().hasPrefix("content-length:") }.flatMap {
                    Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces))
                }
                let body = received[end.upperBound...]
                if body.count >= length ?? 0 {
                    let kept = lines.filter { !$0.lowercased().hasPrefix("connection:") }.joined(separator: "\r\n")
                    return (head, Data("\(kept)\r\nConnection: close\r\n\r\n".utf8) + body)
                }
            }
            guard let piece = receive(client) else { return nil }
            received += piece
        }
    }

    private static func receive(_ descriptor: Int32) -> Data? {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Data(buffer.prefix(count)) : nil
    }

    private static func send(_ data: Data, _ descriptor: Int32) {
        var rest = [UInt8](data)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
