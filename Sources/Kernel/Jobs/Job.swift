import Storage

/// Work that runs outside a request. It may run twice; what it writes is written once, because its writes are handed
/// back and run in the transaction that checks the lease.
package protocol Job: Sendable {
    /// Ids only: a job's row never holds patient data.
    associatedtype Parameters: Codable & Sendable

    /// The job's kind in its row; never changes once rows exist.
    static var jobName: String { get }
    /// Which workers may take it, and which jobs it never waits behind.
    static var jobClass: JobClass { get }
    /// How many runs may fail before the job does; runs lost with their worker are counted apart.
    static var maximumAttempts: Int { get }
    /// How long a run may take; one that takes longer is stopped.
    var limits: JobLimits { get }

    /// Does the work without touching what it's for, and hands back the writes that make it count.
    ///
    /// - Throws: `JobFailure` with a sentence for the user; any other error is taken for a fault of ours and tried again.
    func run(_ parameters: Parameters, control: JobControl) async throws -> JobWrites

    /// Runs in the transaction that ends the job, however it ends and whoever ends it; after the writes where it succeeded.
    func ended(_ end: JobEnd, _ parameters: Parameters, in connection: any DatabaseConnection) throws
}

extension Job {
    package static var maximumAttempts: Int { 3 }

    package var limits: JobLimits { .segmentation }

    package func ended(_ end: JobEnd, _ parameters: Parameters, in connection: any DatabaseConnection) throws {}
}

/// What a successful run writes, in the transaction that ends its job.
package typealias JobWrites = @Sendable (any DatabaseConnection) throws -> Void

/// Why a run failed, in one sentence for the user without patient data.
package struct JobFailure: LoggableError, Equatable {
    package enum Kind: Sendable {
        /// Trying again would fail again.
        case permanent
        /// Trying again may help.
        case transient
        /// What the work was for is gone: the job counts as cancelled.
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

/// A job with its parameters' type forgotten, so that one runner serves all kinds.
package struct JobHandler: Sendable {
    let kind: String
    let limits: JobLimits
    let run: @Sendable (_ parameters: String, JobControl) async throws -> JobWrites
    let ended: @Sendable (JobEnd, _ parameters: String, any DatabaseConnection) throws -> Void

    package init<J: Job>(_ job: J) {
        kind = J.jobName
        limits = job.limits
        run = { try await job.run(try JobParameters.decode($0), control: $1) }
        ended = { end, parameters, connection in
            // Of parameters that this version can't read nobody can be told.
            guard let parameters: J.Parameters = try? JobParameters.decode(parameters) else { return }
            try job.ended(end, parameters, in: connection)
        }
    }
}
