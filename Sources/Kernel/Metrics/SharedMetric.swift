/// A metric of all processes together: its totals are rows to which any process adds, and every server exports the same
/// values (docs/decisions/0704).
package enum SharedMetric: String, Sendable, CaseIterable {
    case jobDuration = "neuroai_job_duration_seconds"
    case jobWait = "neuroai_job_wait_seconds"
    case jobStageDuration = "neuroai_job_stage_duration_seconds"
    case results = "neuroai_results_total"

    /// The names of its labels. Their values are words of the program, so that their number is bounded.
    package var labels: [String] {
        switch self {
        case .jobDuration: ["kind", "status"]
        case .jobWait: ["kind"]
        case .jobStageDuration: ["kind", "stage"]
        case .results: ["review"]
        }
    }

    package var help: String {
        switch self {
        case .jobDuration: "Time from the first start to the end of jobs that workers ended."
        case .jobWait: "Time from creation to the first start of jobs that workers ended."
        case .jobStageDuration: "Time of each stage of completed jobs."
        case .results: "Segmentation results by whether they need review."
        }
    }

    package var isHistogram: Bool { self != .results }

    /// The upper bounds of a histogram's buckets in seconds, from a report's draft to the longest segmentation; there is
    /// one more bucket without a bound. A counter has only that one.
    package var bounds: [Double] {
        isHistogram ? [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600] : []
    }

    /// The bucket of a value.
    func bucket(of value: Double) -> Int { bounds.firstIndex { value <= $0 } ?? bounds.count }
}

/// One value to be added to a metric.
package struct MetricObservation: Sendable, Equatable {
    let metric: SharedMetric
    /// The values of its labels, in order.
    let labels: [String]
    /// Seconds in histograms; counters count observations.
    let value: Double

    package init(_ metric: SharedMetric, _ labels: [String], _ value: Double = 1) {
        self.metric = metric
        self.labels = labels
        self.value = value
    }
}

/// The totals of a metric for one set of label values.
package struct MetricTotal: Sendable, Equatable {
    package let metric: SharedMetric
    package let labels: [String]
    /// The number of observations in each bucket; not cumulative.
    package internal(set) var counts: [Int]
    /// The sum of all observed values.
    package internal(set) var sum: Double

    /// Without observations.
    package init(_ metric: SharedMetric, _ labels: [String]) {
        self.metric = metric
        self.labels = labels
        counts = Array(repeating: 0, count: metric.bounds.count + 1)
        sum = 0
    }
}
