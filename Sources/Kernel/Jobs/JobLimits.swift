/// The time limits of a run, by kind of job.
package struct JobLimits: Sendable, Equatable {
    /// From start to end.
    package let total: Duration
    /// Between progress reports.
    package let stage: Duration

    package init(total: Duration, stage: Duration) {
        self.total = total
        self.stage = stage
    }

    /// The defaults of the settings.
    package static let segmentation = JobLimits(total: .seconds(3600), stage: .seconds(900))
    package static let report = JobLimits(total: .seconds(120), stage: .seconds(120))
    package static let maskScore = JobLimits(total: .seconds(600), stage: .seconds(600))
    /// For the hourly maintenance, which reports no progress.
    package static let maintenance = JobLimits(total: .seconds(3000), stage: .seconds(3000))
}

/// A run's time, added up between checks: a suspended machine does not count.
struct JobClock {
    /// What the caller must do.
    enum Answer: Equatable {
        case goOn
        /// Tell the run to stop, for this reason.
        case stop(JobFailure)
        /// It was told to stop but does not.
        case giveUp
    }

    private let limits: JobLimits
    private let grace: Duration
    private var total = Duration.zero
    private var silent = Duration.zero
    private var stopping = Duration.zero
    private var reports = 0

    /// A longer gap between two checks is time in which nothing ran.
    private static let longestTick: Duration = .seconds(30)

    /// - Parameter grace: how long a run may take to stop.
    init(_ limits: JobLimits, grace: Duration) {
        self.limits = limits
        self.grace = grace
    }

    /// - Parameters:
    ///   - time: since the last check.
    ///   - reports: the number of progress reports so far.
    mutating func tick(_ time: Duration, reports: Int, step: String?, isStopping: Bool) -> Answer {
        let time = min(time, Self.longestTick)
        total += time
        silent = reports == self.reports ? silent + time : .zero
        self.reports = reports
        if isStopping {
            stopping += time
            return stopping < grace ? .goOn : .giveUp
        }
        if total >= limits.total {
            return .stop(JobFailure(.permanent, "Stopped: the time limit of \(Self.text(limits.total)) was reached."))
        }
        if silent >= limits.stage {
            let place = step.map { " in the step \"\($0)\"" } ?? ""
            return .stop(JobFailure(.transient, "Stopped: no progress for \(Self.text(limits.stage))\(place)."))
        }
        return .goOn
    }

    private static func text(_ time: Duration) -> String {
        let seconds = time.components.seconds
        return seconds >= 120 ? "\(seconds / 60) minutes" : "\(seconds) seconds"
    }
}
