import Features
import Hummingbird
import Kernel
import NIOCore

extension EventMessage {
    /// The event's type; `nil` for messages that only keep the connection open.
    private var name: String? {
        switch content {
        case .ready: "ready"
        case .resync: "resync"
        case .object(.case), .object(.deleted(.case, _)): "case"
        case .object(.task), .object(.deleted(.task, _)): "task"
        case .object(.report), .object(.deleted(.report, _)): "report"
        case .end: "end"
        case .keepAlive: nil
        }
    }

    private struct Ending: Encodable {
        let reason: String
    }

    private struct Deleted: Encodable {
        var reportId: String?
        let caseId: CaseID
        let deleted = true
    }

    /// The data in JSON on one line.
    private func data() throws -> ByteBuffer {
        switch content {
        case .ready, .resync, .keepAlive: ByteBuffer(string: "{}")
        case .end(let reason): try JSON.bytes(of: Ending(reason: reason.rawValue))
        case .object(.case(let item)): try JSON.bytes(of: item)
        case .object(.task(let task)): try JSON.bytes(of: task)
        case .object(.report(let report)): try JSON.bytes(of: report)
        case .object(.deleted(let object, let caseID)):
            if case .report(let id) = object {
                try JSON.bytes(of: Deleted(reportId: id.string, caseId: caseID))
            } else {
                try JSON.bytes(of: Deleted(caseId: caseID))
            }
        }
    }

    /// As a server-sent event (HTML Standard §9.2).
    func serverSentEvent() throws -> ByteBuffer {
        guard let name else { return ByteBuffer(string: ": keep-alive\n\n") }
        var text = ByteBuffer()
        if let id { text.writeString("id: \(id)\n") }
        text.writeString("event: \(name)\ndata: ")
        var data = try data()
        text.writeBuffer(&data)
        text.writeString("\n\n")
        return text
    }

    /// As a WebSocket's text message; `nil` for messages that only keep the connection open.
    func socketText() throws -> ByteBuffer? {
        guard let name else { return nil }
        var text = ByteBuffer(string: #"{"id":"#)
        text.writeString(id.map { "\"\($0)\"" } ?? "null")
        text.writeString(#","event":"\#(name)","data":"#)
        var data = try data()
        text.writeBuffer(&data)
        text.writeString("}")
        return text
    }
}
