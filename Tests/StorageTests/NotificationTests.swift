import Foundation
import TestSupport
import Testing

@testable import Storage

/// The same guarantees on both databases, in one process and between two that share the database.
@Suite struct NotificationTests {
    private static let channel = NotificationChannel("things")
    private static let other = NotificationChannel("others")

    private static func withTwo(
        _ kind: TestDatabase, _ body: @escaping @Sendable (any Database, any Database) async throws -> Void
    ) async throws {
        try await kind.withPlace { open in
            let (first, second) = (try open(), try open())
            try await Migrator.migrate(first)
            try await body(first, second)
            try await first.close()
            try await second.close()
        }
    }

    /// The first elements of a stream; fewer if they do not arrive within ten seconds.
    private static func take(
        _ count: Int, _ stream: AsyncStream<DatabaseNotification>
    ) async -> [DatabaseNotification] {
        let task = Task {
            var taken: [DatabaseNotification] = []
            for await element in stream {
                taken.append(element)
                if taken.count == count { break }
            }
            return taken
        }
        let clock = Task {
            try await Task.sleep(for: .seconds(10))
            task.cancel()
        }
        defer { clock.cancel() }
        return await task.value
    }

    @Test(arguments: TestDatabase.all)
    func committedOnesArriveInOrderInEveryProcess(_ kind: TestDatabase) async throws {
        try await Self.withTwo(kind) { first, second in
            let streams = [first, second].map { $0.notifications(of: [Self.channel]) }
            for stream in streams { #expect(await Self.take(1, stream) == [.resync]) }
            struct Stop: Error {}
            try? await first.write { connection in
                try connection.notify(Self.channel, "rolled back")
                throw Stop()
            }
            for number in 0..<5 {
                try await (number.isMultiple(of: 2) ? first : second).write { connection in
                    try connection.notify(Self.other, "not subscribed")
                    try connection.notify(Self.channel, "\(number) a word")
                }
            }
            for stream in streams {
                let messages = (0..<5).map { DatabaseNotification.message(Self.channel, payload: "\($0) a word") }
                #expect(await Self.take(5, stream) == messages)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func payloadsAreShort(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.write { try $0.notify(Self.channel, String(repeating: "x", count: 201)) }
            }
            #expect(error?.kind == .invalidValue)
        }
    }

    @Test(arguments: TestDatabase.all) func aSubscriberFarBehindMustResync(_ kind: TestDatabase) async throws {
        try await Self.withTwo(kind) { first, second in
            let stream = second.notifications(of: [Self.channel])
            try await Task.sleep(for: .milliseconds(500))
            try await first.write { connection in
                for number in 0..<1500 { try connection.notify(Self.channel, "\(number)") }
            }
            try await Task.sleep(for: .seconds(1))
            let elements = await Self.take(1000, stream)
            #expect(elements.contains(.resync))
            #expect(elements.count == 1000)
        }
    }

    @Test(arguments: TestDatabase.all) func closingEndsTheStream(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let stream = database.notifications(of: [Self.channel])
            #expect(await Self.take(1, stream) == [.resync])
            try await database.close()
            #expect(await Self.take(1, stream).isEmpty)
            #expect(await Self.take(1, database.notifications(of: [Self.channel])).isEmpty)
        }
    }

    @Test func aLostConnectionResyncs() async throws {
        try await PostgresCluster.with { cluster in
            let database = PostgresDatabase(address: try cluster.address(), limits: DatabaseLimits(connections: 1))
            let stream = database.notifications(of: [Self.channel])
            #expect(await Self.take(1, stream) == [.resync])
            try await cluster.stop(.immediate)
            try await cluster.start()
            #expect(await Self.take(1, stream) == [.resync])
            try await database.write { try $0.notify(Self.channel, "x") }
            #expect(await Self.take(1, stream) == [.message(Self.channel, payload: "x")])
            try await database.close()
        }
    }

    /// Rows are pruned, and a reader that missed some is told so.
    @Test func oldRowsOfSQLiteAreRemoved() async throws {
        try await TestDatabase.sqlite.with { database in
            try await database.write { connection in
                for number in 0..<(SQLiteListener.kept + 50) { try connection.notify(Self.channel, "\(number)") }
            }
            let row = try await database.read { try $0.queryOne("SELECT COUNT(*) AS number FROM notifications") }
            #expect(try row?.get("number") == SQLiteListener.kept)
        }
    }
}
