import Storage

/// Work that runs outside a request. It may run twice, but its writes are applied once: it returns them, and they run
/// in the transaction that checks the lease.
package protocol Job: Sendable {
    /// Ids only: a job's row never contains patient data.
    associatedtype Parameters: Codable & Sendable

    /// The job's kind in its row; must not change once rows exist.
    static var jobName: String { get }
    /// The name of its task in Celery; must not change once clients send it.
    static var taskName: String { get }
    /// Determines which workers may take it, and which jobs it never waits for.
    static var jobClass: JobClass { get }
    /// The number of failed runs after which the job fails; runs lost with their worker are counted separately.
    static var maximumAttempts: Int { get }
    /// The time limits of a run; a run that exceeds them is stopped.
    var limits: JobLimits { get }

    /// Does the work without writing to the database, and returns the writes of its results.
    ///
    /// - Throws: `JobFailure` with a sentence for the user; any other error counts as internal and is retried.
    func run(_ parameters: Parameters, control: JobControl) async throws -> JobWrites

    /// Runs in the transaction that ends the job, in whichever way; after the writes if it succeeded.
    func ended(_ end: JobEnd, _ parameters: Parameters, in connection: any DatabaseConnection) throws

    /// The keyword arguments of its message to workers: IDs only.
    static func arguments(of parameters: Parameters) -> [String: String]
    /// What a Celery client receives as the result of a completed job, beside its arguments: IDs only.
    func result(of parameters: Parameters, in connection: any DatabaseConnection) throws -> [String: String]
}

extension Job {
    package static var maximumAttempts: Int { 3 }

    package var limits: JobLimits { .segmentation }

    package func ended(_ end: JobEnd, _ parameters: Parameters, in connection: any DatabaseConnection) throws {}

    package static func arguments(of parameters: Parameters) -> [String: String] { [:] }

    package func result(
        of parameters: Parameters, in connection: any DatabaseConnection
    ) throws -> [String: String] { [:] }
}

/// The writes of a successful run, in the transaction that ends its job.
package typealias JobWrites = @Sendable (any DatabaseConnection) throws -> Void

/// The reason a run failed, in one sentence for the user without patient data.
package struct JobFailure: LoggableError, Equatable {
    package enum Kind: Sendable {
        /// A retry would fail again.
        case permanent
        /// A retry may succeed.
        case transient
        /// The job's object no longer exists: the job counts as cancelled.
        case obsolete
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

/// A type-erased job, so that one runner handles all kinds.
package struct JobHandler: Sendable {
    let kind: String
    let limits: JobLimits
    let run: @Sendable (_ parameters: String, JobControl) async throws -> JobWrites
    let ended: @Sendable (JobEnd, _ parameters: String, any DatabaseConnection) throws -> Void
    let result: @Sendable (_ parameters: String, any DatabaseConnection) throws -> [String: String]

    package init<J: Job>(_ job: J) {
        kind = J.jobName
        limits = job.limits
        run = { try await job.run(try JobParameters.decode($0), control: $1) }
        ended = { end, parameters, connection in
            // Parameters that this version cannot decode do not identify whom to notify.
            guard let parameters: J.Parameters = try? JobParameters.decode(parameters) else { return }
            try job.ended(end, parameters, in: connection)
        }
        result = { text, connection in
            let parameters: J.Parameters = try JobParameters.decode(text)
            return try job.result(of: parameters, in: connection).merging(J.arguments(of: parameters)) { $1 }
        }
    }
}
