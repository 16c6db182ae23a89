import Basics
import Kernel
import Storage

/// Values for a monitoring system: of the whole service and of this process.
package struct OperationsNumbers: Sendable {
    /// From the database: the same for every server. Reading them takes as long with a million finished jobs as with none.
    package struct Rows: Sendable {
        /// Unfinished jobs.
        package let jobs: [JobCount]
        /// Those with a recent heartbeat.
        package let workers: [WorkerRow]
        package let storedBytes: Int64
        let totals: [MetricTotal]
    }

    /// `nil` if the database does not provide them now.
    package let rows: Rows?
    package let pool: PoolLoad
    /// Of the file system of the data folder; `nil` if it does not answer.
    package let dataSpace: FileSystemSpace?
}

extension OperationsNumbers.Rows {
    /// The kinds of jobs.
    private static let kinds = [SegmentCaseJob.jobName, WriteReportJob.jobName, ScoreMaskJob.jobName]

    /// The totals of a metric, including zeros: a counter that first appears with a value would hide this value from
    /// rates.
    package func totals(of metric: SharedMetric) -> [MetricTotal] {
        let present = totals.filter { $0.metric == metric }
        let zeros: [[String]] =
            switch metric {
            case .jobDuration:
                Self.kinds.flatMap { kind in
                    [JobStatus.completed, .failed, .cancelled].map { [kind, $0.rawValue] }
                }
            case .jobWait: Self.kinds.map { [$0] }
            case .jobStageDuration: []
            case .results: [["true"], ["false"]]
            }
        return present
            + zeros.filter { labels in !present.contains { $0.labels == labels } }.map { MetricTotal(metric, $0) }
    }
}
