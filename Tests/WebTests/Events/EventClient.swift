import Foundation
import TestSupport
import Testing

/// A client of event streams on a socket, byte by byte.
final class EventClient {
    private let connection: RawConnection
    /// Received and not read yet.
    private var buffer: [UInt8] = []

    init(_ clinic: LiveClinic, receiveBuffer: Int32? = nil) throws {
        connection = try RawConnection(clinic.port, receiveBuffer: receiveBuffer)
    }

    /// Sends a GET request.
    func open(_ path: String, _ headers: [String: String] = [:]) {
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        connection.transmit(Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n".utf8))
    }

    /// What arrives up to and including `text`; everything, if the connection ends before.
    func read(until text: String) async throws -> String {
        var end: Int?
        _ = try await fill { buffer in
            end = Data(buffer).range(of: Data(text.utf8))?.upperBound
            return end != nil
        }
        return take(end ?? buffer.count).text
    }

    /// The number of bytes until the end of the connection.
    func countRest() async throws -> Int {
        var count = buffer.count
        while case let more = try await connection.receive(within: 20), !more.isEmpty { count += more.count }
        return count
    }

    /// - Returns: whether it is enough before the connection ends.
    private func fill(until isEnough: ([UInt8]) -> Bool) async throws -> Bool {
        while !isEnough(buffer) {
            let more = try await connection.receive(within: 20)
            guard !more.isEmpty else { return false }
            buffer += more
        }
        return true
    }

    private func take(_ count: Int) -> [UInt8] {
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    // MARK: WebSocket

    static let handshake = [
        "Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Version": "13",
        // The example of RFC 6455 §1.3.
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// Opens a WebSocket; the status code of the response.
    func connect(_ path: String, _ headers: [String: String] = [:]) async throws -> Int {
        open(path, Self.handshake.merging(headers) { $1 })
        let head = try await read(until: "\r\n\r\n")
        return Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    }

    /// Sends a frame, masked as clients must.
    func send(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true) {
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        if payload.count < 126 {
            frame.append(mask | UInt8(payload.count))
        } else {
            frame += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        let key: [UInt8] = isMasked ? [1, 2, 3, 4] : []
        frame += key
        frame += payload.enumerated().map { isMasked ? $1 ^ key[$0 % 4] : $1 }
        connection.transmit(frame)
    }

    struct Frame: Equatable {
        let opcode: UInt8
        let payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
        /// Of a closing frame.
        var code: Int { payload.count < 2 ? 0 : Int(payload[0]) << 8 | Int(payload[1]) }
    }

    /// The next frame; `nil` at the end of the connection.
    func frame() async throws -> Frame? {
        guard try await fill(until: { $0.count >= 2 }) else { return nil }
        let head = take(2)
        var length = Int(head[1] & 127)
        if length >= 126 {
            let size = length == 126 ? 2 : 8
            guard try await fill(until: { $0.count >= size }) else { return nil }
            length = take(size).reduce(0) { $0 << 8 | Int($1) }
        }
        guard try await fill(until: { $0.count >= length }) else { return nil }
        return Frame(opcode: head[0] & 15, payload: take(length))
    }

    /// The events up to this one.
    func events(until name: String) async throws -> [String] {
        var names: [String] = []
        while let frame = try await frame(), frame.opcode == 1 {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(frame.payload)) as? [String: Any])
            names.append(try #require(object["event"] as? String))
            if names.last == name { break }
        }
        return names
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
