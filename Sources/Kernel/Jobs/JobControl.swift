import Basics
import Logging
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
        var stages: [(name: String, seconds: Double)] = []
        var observations: [MetricObservation] = []
    }

    /// The running job.
    package let job: ID<JobRecord>
    /// The request that created the job, passed on to jobs that it creates.
    package let requestID: String?
    package let trace: JobTrace
    private let state = Mutex(State())

    init(_ job: JobRecord, logger: Logger) {
        self.job = job.id
        requestID = job.requestID
        trace = JobTrace(job, logger: logger)
    }

    /// For a run outside of a worker.
    package init(job: ID<JobRecord>) {
        self.job = job
        requestID = nil
        trace = JobTrace()
    }

    /// `fraction` is the completed share of the whole work, 0...1; decreasing values are ignored.
    package func report(_ step: String, _ fraction: Double) {
        state.withLock {
            $0.reports += 1
            $0.progress.step = String(step.prefix(200))
            if fraction.isFinite { $0.progress.fraction = min(1, max($0.progress.fraction, fraction)) }
        }
    }

    /// Records a stage of the work that has just ended, in the trace and, if the job completes, in the metrics.
    ///
    /// - Parameter stage: a word of the program: the number of different ones must be small.
    package func end(stage: String, after duration: Duration) {
        trace.end(stage: stage, after: duration)
        state.withLock { $0.stages.append((stage, duration / .seconds(1))) }
    }

    /// The same for work in a closure; work that fails is no ended stage.
    package func stage<T>(
        _ name: String, isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> T
    ) async rethrows -> T {
        let start = ContinuousClock.now
        let value = try await work()
        end(stage: name, after: ContinuousClock.now - start)
        return value
    }

    /// Counts a result of the work, if the job completes.
    package func count(_ observation: MetricObservation) {
        state.withLock { $0.observations.append(observation) }
    }

    /// What the metrics gain if the job completes.
    func observations(of kind: String) -> [MetricObservation] {
        state.withLock { state in
            state.stages.map { MetricObservation(.jobStageDuration, [kind, $0.name], $0.seconds) } + state.observations
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
        WorkControl(
            report: { self.report($0, $1) }, isCancelled: { self.stopReason != nil },
            stageEnded: { self.end(stage: $0, after: $1) })
    }
}
