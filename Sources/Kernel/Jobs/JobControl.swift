import Basics
import Synchronization

/// The line between a running job and its worker: the job says how far it is and learns that it should stop.
package final class JobControl: Sendable {
    /// Why a run should stop.
    package enum StopReason: Sendable, Equatable {
        case cancelRequested, leaseLost, shutdown
        /// It has taken too long.
        case timeLimit(JobFailure)
    }

    private struct State {
        var progress = JobProgress.none
        var reports = 0
        var stopReason: StopReason?
    }

    /// The job that runs.
    package let job: ID<JobRecord>
    /// Which request asked for it, for what it asks for in turn.
    package let requestID: String?
    private let state = Mutex(State())

    package init(job: ID<JobRecord>, requestID: String? = nil) {
        self.job = job
        self.requestID = requestID
    }

    /// `fraction` is the share done of the whole work in 0...1; one that falls is ignored.
    package func report(_ step: String, _ fraction: Double) {
        state.withLock {
            $0.reports += 1
            $0.progress.step = String(step.prefix(200))
            if fraction.isFinite { $0.progress.fraction = min(1, max($0.progress.fraction, fraction)) }
        }
    }

    package var progress: JobProgress { state.withLock { $0.progress } }

    /// How often the run has said how far it is.
    var reports: Int { state.withLock { $0.reports } }

    /// The first reason counts.
    package func stop(_ reason: StopReason) {
        state.withLock { $0.stopReason = $0.stopReason ?? reason }
    }

    package var stopReason: StopReason? { state.withLock { $0.stopReason } }

    /// - Throws: `CancellationError` once the run should stop.
    package func checkStop() throws {
        if stopReason != nil { throw CancellationError() }
    }

    /// The same line as imaging code knows it.
    package var workControl: WorkControl {
        WorkControl(report: { self.report($0, $1) }, isCancelled: { self.stopReason != nil })
    }
}
