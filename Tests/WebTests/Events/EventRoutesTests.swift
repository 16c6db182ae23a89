import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Event streams over real sockets: server-sent events, and who may open a stream.
@Suite struct EventRoutesTests {
    private static func bearer(_ token: String) -> [String: String] { ["Authorization": "Bearer \(token)"] }

    @Test func aTaskIsFollowedToItsEnd() async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let task = try await clinic.startSegmentation(token)
            let client = try EventClient(clinic)
            client.open("/api/inference/\(task)/events/", Self.bearer(token))
            let opening = try await client.read(until: "event: task\n")
            #expect(opening.contains("HTTP/1.1 200 OK") && opening.contains("Content-Type: text/event-stream"))
            #expect(opening.contains("retry: 3000\n") && opening.contains("\nevent: ready\ndata: {}\n\n"))
            let state = try await client.read(until: "\n\n")
            #expect(state.contains(#""status":"pending""#) && state.contains(task))
            try await clinic.report(progress: 0.5, "Halfway", of: task)
            let half = try await client.read(until: #""status":"running"}"#)
            #expect(half.contains(#""progress_percentage":50"#) && half.contains("Halfway"))
            try await clinic.fail(task)
            let rest = try await client.read(until: #"{"reason":"completed"}"#)
            #expect(rest.contains("Out of memory.") && rest.contains("event: end"))
            #expect(await eventually { clinic.services.events.feed.figures.open == [.serverSentEvents: 0] })
        }
    }

    @Test func othersSeeNothing() async throws {
        try await LiveClinic.with { clinic in
            let owner = try await clinic.signUp("owner@clinic.org")
            let other = try await clinic.signUp("other@clinic.org")
            let task = try await clinic.startSegmentation(owner)
            for (path, token, status) in [
                ("/api/inference/\(task)/events/", other, 404), ("/ws/inference/\(task)/", other, 404),
                ("/api/events/?caseId=\(UUID().uuidString)", other, 404),
                ("/ws/events/?caseId=\(UUID().uuidString)", other, 404), ("/api/events/?caseId=x", other, 400),
                ("/api/events/", "x", 401), ("/ws/events/", "x", 401), ("/ws/inference/\(task)/", "x", 401),
                ("/ws/nothing/", owner, 404),
            ] {
                let client = try EventClient(clinic)
                #expect(try await client.connect(path, Self.bearer(token)) == status, "\(path)")
            }
            let stranger = try EventClient(clinic)
            #expect(try await stranger.connect("/ws/events/") == 401)
        }
    }

    @Test func aTicketOpensAStreamAndNothingElse() async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let answer = try await clinic.call("POST", "/api/events/ticket/", as: token)
            let ticket = try #require(answer["ticket"])
            for (path, status) in [
                ("/ws/events/?ticket=\(ticket)", 101), ("/api/events/?ticket=\(ticket)", 200),
                ("/ws/events/?ticket=\(token)", 401), ("/ws/events/?ticket=x", 401),
                ("/api/cases/?ticket=\(ticket)", 401), ("/api/users/profile/?ticket=\(ticket)", 401),
            ] {
                let client = try EventClient(clinic)
                #expect(try await client.connect(path) == status, "\(path)")
            }
            #expect(try await clinic.call("GET", "/api/cases/", as: ticket).status == 401)
            #expect(try await clinic.call("POST", "/api/users/refresh/", #"{"refresh": "\#(ticket)"}"#).status == 401)
            #expect(!clinic.log.lines(from: .debug).contains { $0.contains(ticket) })
        }
    }

    /// Browsers send cookies with WebSockets of any page.
    @Test func cookiesOpenSocketsOfOurPagesOnly() async throws {
        try await LiveClinic.with { clinic in
            let cookie = "neuroai_access=" + (try await clinic.signUp())
            for (origin, status) in [
                ("http://localhost", 101), ("https://evil.example", 401), ("http://localhost:5173", 401), (nil, 401),
            ] {
                var headers = ["Cookie": cookie]
                headers["Origin"] = origin
                let client = try EventClient(clinic)
                #expect(try await client.connect("/ws/events/", headers) == status, "\(origin ?? "no origin")")
            }
            let page = try EventClient(clinic)
            page.open("/api/events/", ["Cookie": cookie])
            #expect(try await page.read(until: "ready").contains("200 OK"))
        }
    }

    @Test func aLostClientIsForgotten() async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let feed = clinic.services.events.feed
            do {
                let first = try EventClient(clinic)
                first.open("/api/events/", Self.bearer(token))
                _ = try await first.read(until: "ready")
                let second = try EventClient(clinic)
                #expect(try await second.connect("/ws/events/", Self.bearer(token)) == 101)
                #expect(await eventually { feed.figures.open == [.serverSentEvents: 1, .webSocket: 1] })
            }
            #expect(await eventually { feed.figures.open == [.serverSentEvents: 0, .webSocket: 0] })
            #expect(feed.figures.ended == [.closed: 2])
        }
    }

    /// Kept for it are at most the buffers of its connection, and references.
    @Test(arguments: ["/api/events/", "/ws/events/"])
    func aClientThatReadsNothingIsDropped(_ path: String) async throws {
        try await LiveClinic.with(events: {
            $0.readTimeout = .seconds(1)
            // Without pings, which it would not answer either.
            $0.keepAlive = .seconds(3600)
        }) { clinic in
            let token = try await clinic.signUp()
            let feed = clinic.services.events.feed
            let client = try EventClient(clinic, receiveBuffer: 4096)
            client.open(path, EventClient.handshake.merging(Self.bearer(token)) { $1 })
            #expect(await eventually { feed.figures.open.values.contains(1) })
            let changes = try await Self.changeACase(clinic, token, upTo: 50) { feed.figures.open.values.contains(1) }
            #expect(changes < 50)
            #expect(await eventually { feed.figures.ended == [.stalled: 1] })
            #expect(try await client.countRest() < 1 << 20)
        }
    }

    /// Makes large changes until the stream is over.
    private static func changeACase(
        _ clinic: LiveClinic, _ token: String, upTo limit: Int, while isOpen: () -> Bool
    ) async throws -> Int {
        let scope = try await clinic.services.sessions.authenticate(token, origin: RequestOrigin()).scope
        let cases = clinic.services.cases
        var form = CaseForm()
        form[.patientID] = .value("P")
        form[.age] = .value(61)
        form[.sex] = .value("F")
        let item = try await cases.create(scope, form)
        let text = String(repeating: "\u{1F9E0}", count: 9_000)
        for number in 0..<limit {
            guard isOpen() else { return number }
            var change = CaseForm()
            for field in [CaseField.notes, .diagnosis, .indication, .clinicalHistory] {
                change[field] = .value(.text("\(text)\(number)"))
            }
            _ = try await cases.update(scope, item.id, change)
            // One event for each change.
            try await Task.sleep(for: .milliseconds(100))
        }
        return limit
    }

    @Test func shutdownIsAnnounced() async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let events = try EventClient(clinic)
            events.open("/api/events/", Self.bearer(token))
            _ = try await events.read(until: "ready")
            let socket = try EventClient(clinic)
            #expect(try await socket.connect("/ws/events/", Self.bearer(token)) == 101)
            #expect(try await socket.events(until: "ready") == ["ready"])
            clinic.services.events.feed.stop()
            _ = try await events.read(until: #"{"reason":"shutdown"}"#)
            #expect(try await socket.events(until: "end") == ["end"])
            #expect(try await socket.frame()?.code == 1001)
        }
    }

    @Test func anAccessTokensEndEndsItsStream() async throws {
        var sessions = SessionSettings()
        sessions.accessLifetime = .seconds(2)
        try await LiveClinic.with(sessions: sessions) { clinic in
            let token = try await clinic.signUp()
            let client = try EventClient(clinic)
            client.open("/api/events/", Self.bearer(token))
            _ = try await client.read(until: #"{"reason":"expired"}"#)
        }
    }

    @Test func keepAlivesAreSent() async throws {
        try await LiveClinic.with(events: { $0.keepAlive = .seconds(1) }) { clinic in
            let token = try await clinic.signUp()
            let client = try EventClient(clinic)
            client.open("/api/events/", Self.bearer(token))
            _ = try await client.read(until: ": keep-alive\n\n")
        }
    }
}
