import CPostgres
import Foundation
import Synchronization

/// Listens for notifications on a connection and a thread of its own, beside the pool, and reconnects if it is lost.
final class PostgresListener: Sendable {
    /// PostgreSQL's channel, which carries all of ours as `<channel> <payload>`.
    static let channel = "neuroai"

    private struct State {
        var hasStarted = false
        var isClosed = false
    }

    let hub = NotificationHub()
    private let address: PostgresAddress
    private let limits: DatabaseLimits
    private let state = Mutex(State())
    /// A byte written to it ends the wait for the server.
    private let wake: (reader: Int32, writer: Int32)

    /// How often an idle connection is checked, in milliseconds.
    private static let checkInterval: Int32 = 30_000

    init(address: PostgresAddress, limits: DatabaseLimits) {
        self.address = address
        self.limits = limits
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = (ends[0], ends[1])
    }

    deinit {
        Foundation.close(wake.reader)
        Foundation.close(wake.writer)
    }

    /// Starts the thread, if it does not run yet.
    func start() {
        let mustStart = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted && !state.isClosed
        }
        guard mustStart else { return }
        let thread = Thread { [self] in run() }
        thread.name = "postgres-listen"
        thread.stackSize = 1 << 20
        thread.start()
    }

    func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if isFirst { _ = write(wake.writer, [0], 1) }
        hub.close()
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func run() {
        var pause = 0.1
        while !isClosed {
            if let handle = try? PostgresHandle(address, limits), listen(handle) {
                pause = 0.1
                hub.listen()
                follow(handle)
                hub.interrupt()
            }
            // Ends early if it is closed.
            var end = pollfd(fd: wake.reader, events: Int16(POLLIN), revents: 0)
            poll(&end, 1, Int32(pause * Double.random(in: 500...1000)))
            pause = min(pause * 2, 5)
        }
    }

    private func listen(_ handle: PostgresHandle) -> Bool {
        ask("LISTEN \(Self.channel)", handle)
    }

    private func ask(_ text: String, _ handle: PostgresHandle) -> Bool {
        guard PQsendQuery(handle.pointer, text) == 1 else { return false }
        return handle.results(until: .now + limits.answerGrace).allSatisfy(\.isGood)
    }

    /// Delivers notifications until the connection is lost or this is closed.
    private func follow(_ handle: PostgresHandle) {
        while !isClosed, handle.isUsable {
            deliver(handle)
            var sockets = [
                pollfd(fd: PQsocket(handle.pointer), events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.reader, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&sockets, 2, Self.checkInterval)
            if ready < 0, errno == EINTR { continue }
            // Nothing for long: a connection that was cut off silently would look like this.
            if ready == 0, !ask("SELECT 1", handle) { return }
            guard ready <= 0 || PQconsumeInput(handle.pointer) == 1 else { return }
        }
    }

    private func deliver(_ handle: PostgresHandle) {
        while let notification = PQnotifies(handle.pointer) {
            defer { PQfreemem(notification) }
            let words = String(cString: notification.pointee.extra).split(
                separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.count == 2 else { continue }
            hub.send(NotificationChannel(String(words[0])), String(words[1]))
        }
    }
}
