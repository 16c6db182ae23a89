import Foundation
import Storage

/// A job's status, as clients see it in tasks.
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
    /// It was told to stop.
    case stopped
    /// What it needs is not there now, such as room on the disk; `step` says so while it waits.
    case postponed(step: String)
    /// What it was for is gone.
    case obsolete
}

/// How far a run is.
package struct JobProgress: Sendable, Equatable {
    package var step: String?
    /// The share done, 0...1.
    package var fraction: Double

    package static let none = JobProgress(step: nil, fraction: 0)
}

/// Which worker runs a job, by which run, and until when it need not be heard of.
package struct JobLease: Sendable, Equatable {
    /// One run of one job: a worker that takes its own lost job again is another run.
    package typealias Token = ID<JobLease>

    package let owner: WorkerID
    package let token: Token
    package var expires: Timestamp
}

/// Names one life of a worker process.
package struct WorkerID: Hashable, Sendable, SQLConvertible, CustomStringConvertible {
    package let string: String

    package init() {
        string = UUID().uuidString.lowercased()
    }

    /// Nil where `text` is empty or longer than 100 characters.
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
    /// How long a worker may be silent before others take its job.
    package var lease: Duration = .seconds(15)
    /// How often a worker looks at its job's row, and at most writes its progress there.
    package var heartbeatInterval: Duration = .milliseconds(250)
    /// How often an idle worker looks for work.
    package var poll: Duration = .milliseconds(250)
    package var backoff = Backoff(first: .seconds(2), longest: .seconds(300))
    /// How long a job waits for what is not there now.
    package var postponement: Duration = .seconds(60)
    /// How long a run may take to stop before its worker is given up with it.
    package var stopGrace: Duration = .seconds(30)
    /// After how many lost workers a job is given up.
    package var maximumLosses = 10
    /// After how many losses a job is given up whose last worker crashed.
    package var maximumCrashes = 3

    package init() {}
}

/// Waiting times that double.
package struct Backoff: Sendable, Equatable {
    package let first: Duration
    package let longest: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// The wait after the `count`th failure, counted from 1.
    package func delay(after count: Int) -> Duration {
        // Beyond 2^20 the longest wait has long been reached; the shift stays in range.
        min(longest, first * (1 << min(max(0, count - 1), 20)))
    }
}
