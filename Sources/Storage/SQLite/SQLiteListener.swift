import Foundation
import GRDB
import Synchronization

/// Reads the notifications that transactions of this and of other processes have committed to the file.
///
/// SQLite cannot wake other processes, so a thread with a connection of its own looks at `PRAGMA data_version`
/// (https://www.sqlite.org/pragma.html#pragma_data_version), which changes with every commit; commits of this process
/// wake it at once. Guarded by `condition`, hence unchecked.
final class SQLiteListener: @unchecked Sendable {
    /// Rows of this table are kept until this many newer ones exist.
    static let kept: Int64 = 10_000

    let hub = NotificationHub()
    private let path: String
    private let condition = NSCondition()
    private var hasStarted = false
    private var isClosed = false
    private var isWoken = false

    /// How often it looks for commits of other processes.
    private static let interval = 0.05

    init(path: String) {
        self.path = path
    }

    /// Starts the thread, if it does not run yet.
    func start() {
        condition.withLock {
            // Also ends the sleep that nobody was listening in.
            isWoken = true
            condition.signal()
            guard !hasStarted, !isClosed else { return }
            hasStarted = true
            let thread = Thread { [self] in run() }
            thread.name = "sqlite-listen"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    /// A transaction of this process has committed notifications (`NotificationObserver`).
    func wake() {
        condition.withLock {
            isWoken = true
            condition.signal()
        }
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.signal()
        }
        hub.close()
    }

    private func run() {
        guard let file = open() else { return hub.close() }
        var place: Place?
        while wait() {
            guard !hub.isEmpty else {
                if place != nil { hub.interrupt() }
                place = nil
                continue
            }
            // A failed look, such as at a busy file, is repeated soon.
            guard let next = try? look(file, from: place) else { continue }
            if place == nil || next.isGap { hub.listen() }
            for message in next.messages { hub.send(message.channel, message.payload) }
            place = next
        }
        try? file.close()
    }

    private func open() -> DatabaseQueue? {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        return try? DatabaseQueue(path: path, configuration: configuration)
    }

    /// - Returns: false if this is closed.
    private func wait() -> Bool {
        condition.withLock {
            if !isWoken, !isClosed {
                // Without subscribers there is nothing to look for.
                if hub.isEmpty { condition.wait() } else { _ = condition.wait(until: Date() + Self.interval) }
            }
            isWoken = false
            return !isClosed
        }
    }

    /// How far the notifications have been read.
    private struct Place {
        var version: Int64
        var last: Int64
        var isGap = false
        var messages: [(channel: NotificationChannel, payload: String)] = []
    }

    private func look(_ file: DatabaseQueue, from place: Place?) throws -> Place {
        try file.unsafeRead { database in
            // Prepared once: this runs twenty times a second.
            let version = try Int64.fetchOne(database.cachedStatement(sql: "PRAGMA data_version")) ?? 0
            guard let place else {
                let last = try Int64.fetchOne(database, sql: "SELECT MAX(id) FROM notifications")
                return Place(version: version, last: last ?? 0)
            }
            var next = Place(version: version, last: place.last)
            guard version != place.version else { return next }
            let rows = try Row.fetchAll(
                database, sql: "SELECT id, channel, payload FROM notifications WHERE id > ? ORDER BY id",
                arguments: [place.last])
            guard let first = rows.first, let last = rows.last else { return next }
            next.isGap = first["id"] != place.last + 1
            next.last = last["id"]
            next.messages = rows.map { (NotificationChannel($0["channel"]), $0["payload"]) }
            return next
        }
    }
}
