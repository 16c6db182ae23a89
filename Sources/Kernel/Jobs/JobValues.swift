import Basics
import Foundation
import Storage

/// A job's status, as in tasks of the API.
package enum JobStatus: String, Codable, Sendable, CaseIterable, SQLConvertible {
    case pending, running, completed, failed, cancelled

    package var isOver: Bool { self == .completed || self == .failed || self == .cancelled }
}

/// How a job ended for good.
package enum JobEnd: Sendable, Equatable {
    case completed
    case failed(String)
    case cancelled

    var status: JobStatus {
        switch self {
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}

/// How one run of a job ended.
package enum JobOutcome: Sendable, Equatable {
    case completed
    case failed(message: String, mayRepeat: Bool)
    /// It was stopped.
    case stopped
    /// A resource is unavailable, such as disk space; `step` reports it while the job waits.
    case postponed(step: String)
    /// Its object no longer exists.
    case obsolete
}

/// The progress of a run.
package struct JobProgress: Sendable, Equatable {
    package var step: String?
    /// The completed share, 0...1.
    package var fraction: Double

    package static let none = JobProgress(step: nil, fraction: 0)
}

/// The worker and run that hold a job, and until when the worker may be silent.
package struct JobLease: Sendable, Equatable {
    /// One run of a job: a worker that reclaims its own lost job starts another run.
    package typealias Token = ID<JobLease>

    package let owner: WorkerID
    package let token: Token
    package var expires: Timestamp
}

/// Identifies one lifetime of a worker process.
package struct WorkerID: Hashable, Sendable, SQLConvertible, CustomStringConvertible {
    package let string: String

    package init() {
        string = UUID().uuidString.lowercased()
    }

    /// `nil` if `text` is empty or longer than 100 characters.
    package init?(_ text: String) {
        guard !text.isEmpty, text.count <= 100 else { return nil }
        string = text
    }

    package var sqlValue: SQLValue { .text(string) }
    package init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self.init(text)
    }

    package var description: String { string }
}

/// The times and limits of the queue.
package struct JobPolicy: Sendable {
    /// How long a worker may be silent before others take over its job.
    package var lease: Duration = .seconds(15)
    /// The interval at which a worker checks its job's row and, at most, writes its progress.
    package var heartbeatInterval: Duration = .milliseconds(250)
    /// The interval at which an idle worker looks for jobs that it was not notified of, and for lost workers.
    package var poll: Duration = .seconds(2)
    package var backoff = Backoff(first: .seconds(2), longest: .seconds(300))
    /// How long a job waits for an unavailable resource.
    package var postponement: Duration = .seconds(60)
    /// How long a run may take to stop before its worker exits.
    package var stopGrace: Duration = .seconds(30)
    /// The number of lost workers after which a job fails.
    package var maximumLosses = 10
    /// The number of losses after which a job fails if its last worker crashed.
    package var maximumCrashes = 3

    package init() {}
}
