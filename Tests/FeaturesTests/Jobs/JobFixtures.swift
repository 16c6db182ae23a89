import Basics
import Logging
import Storage

@testable import Features
@testable import Kernel

/// A job whose behaviour is defined by a test; its writes are counted in the audit trail.
struct ScriptedJob: Job {
    struct Parameters: Codable, Sendable {
        let id: ID<ScriptedJob>
    }

    static let jobName = "scripted"
    static let taskName = "test.scripted"
    static let jobClass = JobClass.imaging
    static let maximumAttempts = 2

    let work: @Sendable (Parameters, JobControl) async throws -> Void
    var limits = JobLimits.segmentation
    var write: @Sendable (any DatabaseConnection) throws -> Void = { _ in }

    init(_ work: @escaping @Sendable (Parameters, JobControl) async throws -> Void = { _, _ in }) {
        self.work = work
    }

    func run(_ parameters: Parameters, control: JobControl) async throws -> JobWrites {
        try await work(parameters, control)
        return { [write] connection in
            try Self.note("result", parameters, in: connection)
            try write(connection)
        }
    }

    func ended(_ end: JobEnd, _ parameters: Parameters, in connection: any DatabaseConnection) throws {
        try Self.note("end.\(end.status.rawValue)", parameters, in: connection)
    }

    private static func note(
        _ action: String, _ parameters: Parameters, in connection: any DatabaseConnection
    ) throws {
        let entry = AuditEntry(
            institution: JobFixture.institution, actor: nil, origin: RequestOrigin(), action: action,
            objectType: "scripted", objectID: parameters.id.string)
        try AuditStore(connection).append(entry)
    }
}

/// Shortcuts for the queue on one database.
struct JobFixture: Sendable {
    static let institution = InstitutionID.default

    let database: any Database

    /// Times short enough for a test.
    static var policy: JobPolicy {
        var policy = JobPolicy()
        policy.backoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
        return policy
    }

    func queue(_ job: ScriptedJob = ScriptedJob(), policy: JobPolicy = JobFixture.policy) -> JobQueue {
        JobQueue(database: database, handlers: [JobHandler(job)], logger: Self.logger, policy: policy)
    }

    func runner(
        _ job: ScriptedJob, policy: JobPolicy = JobFixture.policy, giveUp: @escaping @Sendable () -> Void = {}
    ) -> JobRunner {
        JobRunner(queue: queue(job, policy: policy), worker: WorkerID(), logger: Self.logger, giveUp: giveUp)
    }

    /// Logs nothing: tests provoke failures.
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @discardableResult
    func enqueue(priority: Int = 0, at now: Timestamp = .now) async throws -> ID<JobRecord> {
        try await database.write { connection in
            try JobStore(connection).enqueue(
                ScriptedJob.self, ScriptedJob.Parameters(id: ID()), institution: Self.institution, priority: priority,
                at: now)
        }
    }

    func state(_ id: ID<JobRecord>) async throws -> JobState? {
        try await database.read { try JobStore($0).find(id)?.state }
    }

    /// The number of times an action is in the audit trail.
    func count(_ action: String) async throws -> Int {
        try await database.read { connection in
            try connection.query("SELECT id FROM audit_entries WHERE action = \(action)").count
        }
    }
}
