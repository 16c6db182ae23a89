import Basics
import Synchronization

/// The connection between a running job and its worker: the job reports progress and learns when to stop.
package final class JobControl: Sendable {
    /// The reason a run should stop.
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

    /// The running job.
    package let job: ID<JobRecord>
    /// The request that created the job, passed on to jobs that it creates.
    package let requestID: String?
    private let state = Mutex(State())

    package init(job: ID<JobRecord>, requestID: String? = nil) {
        self.job = job
        self.requestID = requestID
    }

    /// `fraction` is the completed share of the whole work, 0...1; decreasing values are ignored.
    package func report(_ step: String, _ fraction: Double) {
        state.withLock {
            $0.reports += 1
            $0.progress.step = String(step.prefix(200))
            if fraction.isFinite { $0.progress.fraction = min(1, max($0.progress.fraction, fraction)) }
        }
    }

    package var progress: JobProgress { state.withLock { $0.progress } }

    /// The number of progress reports.
    var reports: Int { state.withLock { $0.reports } }

    /// Only the first reason counts.
    package func stop(_ reason: StopReason) {
        state.withLock { $0.stopReason = $0.stopReason ?? reason }
    }

    package var stopReason: StopReason? { state.withLock { $0.stopReason } }

    /// - Throws: `CancellationError` once the run should stop.
    package func checkStop() throws {
        if stopReason != nil { throw CancellationError() }
    }

    /// The same connection for imaging code.
    package var workControl: WorkControl {
        WorkControl(report: { self.report($0, $1) }, isCancelled: { self.stopReason != nil })
    }
}
