import Basics
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// How watchers of jobs learn their progress.
@Suite struct JobFeedTests {
    @Test(arguments: TestDatabase.all)
    func tellsWhatChangesUntilTheEnd(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let feed = JobFeed(database: database, logger: JobFixture.logger, interval: .milliseconds(5))
            let stream = feed.changes(of: [id], timeout: .seconds(60))
            let queue = fixture.queue()
            var seen: [JobChange] = []
            for await change in stream {
                seen.append(change)
                switch seen.count {
                case 1: _ = try await queue.claim(by: WorkerID())
                case 2:
                    let claim = try await Self.claim(id, database, queue)
                    _ = try await queue.heartbeat(claim, JobProgress(step: "Half", fraction: 0.5))
                case 3: _ = try await queue.finish(try await Self.claim(id, database, queue), .completed)
                default: break
                }
            }
            #expect(seen.map(\.status) == [.pending, .running, .running, .completed])
            #expect(seen.map(\.progress.fraction) == [0, 0, 0.5, 1])
            #expect(seen.dropFirst(2).first?.progress.step == "Half")
            #expect(feed.watcherCount == 0)
        }
    }

    @Test(arguments: TestDatabase.all)
    func watchersShareOneQueryATickAndNobodyCostsNone(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let first = try await fixture.enqueue()
            let second = try await fixture.enqueue()
            let watched = WatchedDatabase(database)
            let interval = Duration.milliseconds(100)
            let feed = JobFeed(database: watched, logger: JobFixture.logger, interval: interval)
            try await Task.sleep(for: .milliseconds(300))
            #expect(watched.queries == 0)
            let began = ContinuousClock.now
            async let one = Self.statuses(feed.changes(of: [first, second], timeout: .seconds(5)))
            async let other = Self.statuses(feed.changes(of: [second], timeout: .seconds(5)))
            let seen = await (one: one, other: other)
            #expect(seen.one == [.pending, .pending])
            #expect(seen.other == [.pending])
            // At most one query per tick, and none for the second watcher; fewer on a loaded machine.
            let ticks = Int((ContinuousClock.now - began) / interval) + 1
            #expect((2...ticks).contains(watched.queries), "\(watched.queries) queries in \(ticks) ticks")
            #expect(feed.watcherCount == 0)
            // A query may already have been sent.
            try await Task.sleep(for: .milliseconds(300))
            let after = watched.queries
            try await Task.sleep(for: .milliseconds(500))
            #expect(watched.queries == after)
        }
    }

    @Test func aCancelledWatcherEnds() async throws {
        try await TestDatabase.sqlite.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let feed = JobFeed(database: database, logger: JobFixture.logger, interval: .milliseconds(5))
            let watching = Task { await Self.statuses(feed.changes(of: [id], timeout: .seconds(600))) }
            #expect(await eventually { feed.watcherCount == 1 })
            watching.cancel()
            _ = await watching.value
            #expect(await eventually { feed.watcherCount == 0 })
        }
    }

    @Test(arguments: TestDatabase.all)
    func anOutageEndsNobodyBeforeTheTime(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let fixture = JobFixture(database: database)
            let id = try await fixture.enqueue()
            let watched = WatchedDatabase(database)
            let feed = JobFeed(database: watched, logger: JobFixture.logger, interval: .milliseconds(20))
            watched.isAway = true
            let began = ContinuousClock.now
            #expect(await Self.statuses(feed.changes(of: [id], timeout: .milliseconds(500))) == [])
            #expect(ContinuousClock.now - began >= .milliseconds(500))

            let stream = feed.changes(of: [id], timeout: .seconds(60))
            try await Task.sleep(for: .milliseconds(200))
            _ = try #require(try await fixture.queue().claim(by: WorkerID()))
            watched.isAway = false
            var iterator = stream.makeAsyncIterator()
            #expect(await iterator.next()?.status == .running)
        }
    }

    @Test func aJobThatIsGoneAndTimeThatIsUpEndIt() async throws {
        try await TestDatabase.sqlite.with { database in
            let feed = JobFeed(database: database, logger: JobFixture.logger, interval: .milliseconds(5))
            let began = ContinuousClock.now
            #expect(await Self.statuses(feed.changes(of: [ID()], timeout: .seconds(60))) == [])
            #expect(await Self.statuses(feed.changes(of: [], timeout: .seconds(60))) == [])
            #expect(await Self.statuses(feed.changes(of: [ID()], timeout: .zero)) == [])
            #expect(ContinuousClock.now - began < .seconds(30))
        }
    }

    private static func statuses(_ stream: AsyncStream<JobChange>) async -> [JobStatus] {
        var seen: [JobStatus] = []
        for await change in stream { seen.append(change.status) }
        return seen
    }

    /// The run in the row.
    private static func claim(
        _ id: ID<JobRecord>, _ database: any Database, _ queue: JobQueue
    ) async throws -> JobQueue.Claim {
        let job = try #require(try await database.read { try JobStore($0).find(id) })
        return JobQueue.Claim(
            job: job, token: try #require(job.state.lease).token, handler: JobHandler(ScriptedJob()))
    }
}

/// A database that counts reads, and can be unavailable.
private final class WatchedDatabase: Database {
    private let base: any Database
    private let reads = Atomic(0)
    private let away = Atomic(false)

    init(_ base: any Database) { self.base = base }

    var queries: Int { reads.load(ordering: .relaxed) }
    var isAway: Bool {
        get { away.load(ordering: .relaxed) }
        set { away.store(newValue, ordering: .relaxed) }
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        reads.add(1, ordering: .relaxed)
        if isAway { throw DatabaseError(.unavailable, "The database is away.") }
        return try await base.read { connection in
            let counted = CountedConnection(base: connection)
            let value = try body(counted)
            // Each transaction is one query here.
            guard counted.count == 1 else { throw DatabaseError(.statement, "\(counted.count) queries in a tick.") }
            return value
        }
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        try await base.write(body)
    }

    func close() async throws { try await base.close() }

    func notifications(of channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification> {
        base.notifications(of: channels)
    }

    var load: PoolLoad { base.load }
}

private final class CountedConnection: DatabaseConnection {
    private let base: any DatabaseConnection
    private(set) var count = 0

    init(base: any DatabaseConnection) { self.base = base }

    var dialect: SQLDialect { base.dialect }

    func query(_ statement: SQL) throws -> [SQLRow] {
        count += 1
        return try base.query(statement)
    }

    func execute(_ statement: SQL) throws -> Int { try base.execute(statement) }

    func notify(_ channel: NotificationChannel, _ payload: String) throws { try base.notify(channel, payload) }

    func executeScript(_ script: String) throws { try base.executeScript(script) }
}
