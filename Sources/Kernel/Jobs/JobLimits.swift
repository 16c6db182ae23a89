/// How long a run of one kind of job may take.
package struct JobLimits: Sendable, Equatable {
    /// From its start to its end.
    package let total: Duration
    /// Without a report of progress.
    package let stage: Duration

    package init(total: Duration, stage: Duration) {
        self.total = total
        self.stage = stage
    }

    /// What the settings' defaults say.
    package static let segmentation = JobLimits(total: .seconds(3600), stage: .seconds(900))
    package static let report = JobLimits(total: .seconds(120), stage: .seconds(120))
    package static let maskScore = JobLimits(total: .seconds(600), stage: .seconds(600))
    /// What the server does every hour: it reports nothing in between.
    package static let maintenance = JobLimits(total: .seconds(3000), stage: .seconds(3000))
}

/// A run's time, counted from one look at it to the next: a machine that was suspended in between has cost the run nothing.
struct JobClock {
    /// What the one who looks must do.
    enum Answer: Equatable {
        case goOn
        /// Tell the run to stop, for this reason.
        case stop(JobFailure)
        /// It was told to stop and does not.
        case giveUp
    }

    private let limits: JobLimits
    private let grace: Duration
    private var total = Duration.zero
    private var silent = Duration.zero
    private var stopping = Duration.zero
    private var reports = 0

    /// More than this between two looks is time in which nothing ran.
    private static let longestTick: Duration = .seconds(30)

    /// - Parameter grace: how long a run may take to stop.
    init(_ limits: JobLimits, grace: Duration) {
        self.limits = limits
        self.grace = grace
    }

    /// - Parameters:
    ///   - time: since the last look.
    ///   - reports: how often the run has reported so far.
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
