import Foundation
import Kernel
import Storage
import Synchronization
import TestSupport
import Testing

/// An installation on loopback ports, each part of which can fail: server, worker, scheduler, PostgreSQL, Redis and an
/// object store.
final class FaultSite: LocalServer {
    enum Part: String, CaseIterable, Sendable {
        case server, worker, beat
    }

    private struct State {
        var programs: [Part: RunningProgram] = [:]
        var worker: WorkerID?
        var token = ""
    }

    let port: Int
    let folder: URL
    let cluster: PostgresCluster
    let redis: RedisServer
    let databaseRelay: TCPRelay
    let redisRelay: TCPRelay
    let objects: FaultyProxy
    let clock: FakeClock
    /// Not through the relay.
    let database: any Database
    private let environment: [String: String]
    private let state = Mutex(State())

    private init(folder: URL, cluster: PostgresCluster) async throws {
        self.folder = folder
        self.cluster = cluster
        // Its messages survive a restart, except in the whole suite, where every lost one costs half a minute.
        redis = try RedisServer(keepsData: !FaultPlan.isWhole)
        port = Int(try FreePort.findForRestarts())
        let address = try cluster.address()
        database = PostgresDatabase(address: address, limits: DatabaseLimits(connections: 2))
        databaseRelay = try TCPRelay(to: "127.0.0.1", cluster.port)
        redisRelay = try TCPRelay(to: "127.0.0.1", Int(redis.port))
        objects = try FaultyProxy(to: try await ObjectStore.moto.port())
        clock = try await FakeClock(in: folder)
        let schedule = folder.appendingPathComponent("schedule.json")
        try Data(#"{"every second": {"task": "maintenance.forget_dead_workers", "schedule": 1}}"#.utf8).write(
            to: schedule)
        let user = "\(address.user):\(address.password)"
        let broker = "redis://127.0.0.1:\(redisRelay.port)/0"
        var environment = [
            "DATABASE_URL": "postgresql://\(user)@127.0.0.1:\(databaseRelay.port)/\(address.database)",
            "CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": broker, "CELERY_BEAT_SCHEDULE": schedule.path,
            "STORAGE_URL": try await ObjectStore.moto.url(through: objects.url),
            "MEDIA_ROOT": folder.appendingPathComponent("media").path, "LOG_ROOT": "-", "PORT": String(port),
            "SECRET_KEY": "", "METRICS_TOKEN": "", "JWT_ACCESS_TOKEN_LIFETIME": "1440",
        ]
        // The atlas takes half of a segmentation's time.
        if !FaultPlan.isWhole { environment["ATLAS_PATH"] = folder.appendingPathComponent("no-atlas").path }
        self.environment = environment.merging(ObjectStore.environment) { $1 }.merging(clock.environment) { $1 }
    }

    static func with(_ body: @Sendable (FaultSite) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            try await PostgresCluster.with { cluster in
                let site = try await FaultSite(folder: folder, cluster: cluster)
                for part in Part.allCases { try site.start(part) }
                let isUp = await eventually { (try? await site.call("GET", "/api/health/"))?.status == 200 }
                try #require(isUp, "\(site.said(.server))")
                try await site.register()
                try await body(site)
                for part in Part.allCases {
                    let hasStopped = await site.stop(part)
                    #expect(hasStopped, "\(part): \(site.said(part))")
                }
                try await site.database.close()
            }
        }
    }

    private func register() async throws {
        let account = """
            {"email": "ada@example.org", "password": "a long enough pass phrase", "first_name": "Ada",
            "confirm_password": "a long enough pass phrase", "last_name": "L", "role": "doctor"}
            """
        let token = try #require(try await post("/api/users/register/", account)["access"])
        state.withLock { $0.token = token }
    }

    var token: String { state.withLock { $0.token } }

    // MARK: Parts

    /// Starts a part as a service manager does.
    ///
    /// - Parameters:
    ///   - isSupervised: whether a new worker knows that its predecessor is dead; otherwise leases must expire.
    func start(_ part: Part, isSupervised: Bool = true) throws {
        let program = try run(part, isSupervised: isSupervised, log: log(part))
        state.withLock { $0.programs[part] = program }
    }

    /// Starts a program beside those of the site.
    func run(_ part: Part, isSupervised: Bool = false, log: URL) throws -> RunningProgram {
        var arguments = [part.rawValue]
        switch part {
        case .server: arguments = ["serve", "--without-worker", "--without-beat"]
        case .beat: break
        case .worker:
            let (id, predecessor) = (WorkerID(), state.withLock { $0.worker })
            arguments += ["--id", id.string]
            if isSupervised, let predecessor { arguments += ["--predecessor", predecessor.string] }
            state.withLock { $0.worker = id }
        }
        return try Program.start(arguments, environment: environment, log: log)
    }

    /// Runs a command on the site to its end.
    func command(_ arguments: String...) async throws -> Program.Ending {
        try await Program.run(arguments, environment: environment, in: folder)
    }

    /// `kill -9`.
    func kill(_ part: Part) async { _ = await stop(part, SIGKILL) }

    @discardableResult
    func stop(_ part: Part, _ signal: Int32 = SIGTERM) async -> Bool {
        await state.withLock { $0.programs[part] }?.end(signal, within: 45) ?? true
    }

    func isRunning(_ part: Part) -> Bool { state.withLock { $0.programs[part] }?.isRunning ?? false }

    /// The name of the newest worker.
    var worker: WorkerID? { state.withLock { $0.worker } }

    private func log(_ part: Part) -> URL { folder.appendingPathComponent("\(part.rawValue).log") }

    func said(_ part: Part) -> String { (try? String(contentsOf: log(part), encoding: .utf8)) ?? "" }
}

/// Gives a suite's tests one site: starting it takes longer than most of them.
struct SharedFaultSite: SuiteTrait, TestScoping {
    @TaskLocal private static var shared: FaultSite?

    static var site: FaultSite {
        get throws { try #require(shared) }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await FaultSite.with { site in
            try await Self.$shared.withValue(site) { try await function() }
        }
    }
}

extension Trait where Self == SharedFaultSite {
    static var sharedFaultSite: Self { SharedFaultSite() }
}
