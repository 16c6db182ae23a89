import Storage

/// The rows of `metrics`: one for each bucket of each set of label values, so a few hundred.
package struct MetricStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    private struct Key: Hashable {
        let metric: SharedMetric
        let labels: String
        let bucket: Int
    }

    /// Adds observations in the caller's transaction, which counts them once if it commits. Call it last: other
    /// transactions wait for these rows until then. Rows are locked in one order, so two of them cannot block each other.
    package func add(_ observations: [MetricObservation]) throws {
        var sums: [Key: (count: Int, sum: Double)] = [:]
        for observation in observations {
            let metric = observation.metric
            let key = Key(
                metric: metric, labels: Self.text(observation.labels), bucket: metric.bucket(of: observation.value))
            sums[key, default: (0, 0)].count += 1
            sums[key]?.sum += observation.value
        }
        let ordered = sums.sorted { left, right in
            (left.key.metric.rawValue, left.key.labels, left.key.bucket)
                < (right.key.metric.rawValue, right.key.labels, right.key.bucket)
        }
        try connection.executeAll(
            ordered.map { key, added in
                """
                INSERT INTO metrics (name, labels, bound, observations, total)
                VALUES (\(key.metric.rawValue), \(key.labels), \(Self.bound(key)), \(added.count), \(added.sum))
                ON CONFLICT (name, labels, bound) DO UPDATE SET
                    observations = metrics.observations + excluded.observations, total = metrics.total + excluded.total
                """
            })
    }

    /// All totals, in order; those of metrics unknown to this version are left out.
    package func totals() throws -> [MetricTotal] {
        var totals: [MetricTotal] = []
        for row in try connection.query("SELECT * FROM metrics ORDER BY name, labels") {
            guard let metric = SharedMetric(rawValue: try row.get("name")) else { continue }
            let labels = try row.get("labels", as: String.self).split(
                separator: ",", omittingEmptySubsequences: false
            ).map(String.init)
            guard labels.count == metric.labels.count else { continue }
            if totals.last?.metric != metric || totals.last?.labels != labels {
                totals.append(MetricTotal(metric, labels))
            }
            // A bound of another version counts in the next one.
            let bound = Double(try row.get("bound", as: String.self))
            let bucket = bound.map(metric.bucket) ?? metric.bounds.count
            totals[totals.count - 1].counts[bucket] += try row.get("observations")
            totals[totals.count - 1].sum += try row.get("total")
        }
        return totals
    }

    private static func text(_ labels: [String]) -> String {
        labels.map { $0.replacing(",", with: "_") }.joined(separator: ",")
    }

    /// As in Prometheus's label `le`: rows keep their meaning when the bounds change.
    private static func bound(_ key: Key) -> String {
        key.bucket < key.metric.bounds.count ? "\(key.metric.bounds[key.bucket])" : "+Inf"
    }
}
