import Logging
import Storage

/// Sends messages to workers through a broker. A message may be lost or arrive twice: the job's row is the truth.
package protocol JobBroker: Sendable {
    func send(_ message: JobMessage) async throws
    /// The number of messages that wait for workers of a class.
    func waiting(_ jobClass: JobClass) async throws -> Int
}

/// A message that carries a job.
package struct JobMessage: Sendable, Equatable {
    /// The ID that a client knows: its own message's, or the job's.
    package let id: String
    package let taskName: String
    /// IDs only.
    package let arguments: [String: String]
    package let jobClass: JobClass
    /// Not to be run before this time.
    package let runAfter: Timestamp
    /// The span that created the job.
    package let trace: TraceContext?
}

/// Sends a message for each pending job, after the transaction that enqueued it, and again if the message was lost
/// (an outbox, https://microservices.io/patterns/data/transactional-outbox.html).
///
/// Any number of publishers may run: each job is sent by one of them.
package struct JobPublisher: Sendable {
    private let database: any Database
    private let broker: any JobBroker
    private let handlers: [String: JobMessageHandler]
    private let logger: Logger
    private let lossTimeout: Duration
    private let poll: Duration

    private static let batch = 100
    private static let pauseAfterFailure: Duration = .seconds(1)

    /// - Parameters:
    ///   - timeout: how long after it was due a job without waiting messages counts as lost.
    ///   - poll: the interval of looks for lost messages, and for jobs that no notification announced.
    package init(
        database: any Database, broker: any JobBroker, kinds: [JobMessageHandler], logger: Logger,
        timeout: Duration = .seconds(30), poll: Duration = .seconds(5)
    ) {
        self.database = database
        self.broker = broker
        handlers = Dictionary(kinds.map { ($0.kind, $0) }, uniquingKeysWith: { $1 })
        self.logger = logger
        lossTimeout = timeout
        self.poll = poll
    }

    /// Publishes until the task is cancelled.
    package func run() async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let notifications = database.notifications(of: [.jobs])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in notifications { wake.yield() } }
            group.addTask { for await _ in wakes { await turn { try await publishAll() } } }
            group.addTask { [poll] in
                while (try? await Task.sleep(for: poll)) != nil {
                    await turn {
                        try await recoverLost()
                        try await publishAll()
                    }
                }
            }
        }
    }

    private func publishAll() async throws {
        while try await publish() == Self.batch {}
    }

    private func turn(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch is CancellationError {
            return
        } catch {
            logger.warning("jobs can't be published", metadata: ["outage": "\(AppError.cause(of: error))"])
            try? await Task.sleep(for: Self.pauseAfterFailure)
        }
    }

    /// Sends a message for each job that has none.
    ///
    /// - Returns: the number of jobs.
    @discardableResult
    package func publish(at now: Timestamp = .now) async throws -> Int {
        let kinds = handlers.keys.sorted()
        let isWaiting = try await database.read { try JobStore($0).hasUnpublished(kinds) }
        guard isWaiting else { return 0 }
        let jobs = try await database.write { try JobStore($0).takeUnpublished(kinds, limit: Self.batch, at: now) }
        for (index, job) in jobs.enumerated() {
            do {
                guard let message = handlers[job.kind]?.message(job) else { continue }
                try await broker.send(message)
            } catch {
                // This process could also end here: then the jobs count as lost after a while.
                let unsent = jobs[index...].map(\.id)
                try await database.write { try JobStore($0).unpublish(unsent) }
                throw error
            }
        }
        return jobs.count
    }

    /// Sends another message for jobs that are due while no message waits.
    package func recoverLost(at now: Timestamp = .now) async throws {
        let time = now.advanced(by: .zero - lossTimeout)
        // By class: a long queue of one must not hide the lost messages of another.
        let overdue = try await database.read { connection in
            try JobClass.allCases.map { ($0, try JobStore(connection).overdue($0, since: time, limit: Self.batch)) }
        }
        for (jobClass, jobs) in overdue where !jobs.isEmpty {
            guard try await broker.waiting(jobClass) == 0 else { continue }
            logger.warning("messages of jobs were lost", metadata: ["count": "\(jobs.count)"])
            try await database.write { try JobStore($0).unpublish(jobs) }
        }
    }
}

/// How the jobs of one kind become messages; a type-erased job without what it needs to run.
package struct JobMessageHandler: Sendable {
    let kind: String
    let message: @Sendable (JobRecord) -> JobMessage

    package init<J: Job>(_ type: J.Type) {
        kind = J.jobName
        message = { job in
            // Parameters that this version cannot decode are the worker's to refuse; they must not hold up other jobs.
            let parameters: J.Parameters? = try? JobParameters.decode(job.parameters)
            return JobMessage(
                id: job.messageID ?? job.id.string, taskName: J.taskName,
                arguments: parameters.map(J.arguments) ?? [:], jobClass: job.jobClass, runAfter: job.state.runAfter,
                trace: job.trace)
        }
    }
}
