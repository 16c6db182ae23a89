import Kernel

/// The Prometheus text format, version 0.0.4.
struct PrometheusText {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// The type of a metric.
    enum Kind: String {
        case counter, gauge, histogram
    }

    private(set) var text = ""

    /// Starts a metric; its samples follow.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String> = [:], _ value: Double) {
        sample(name, labels.map { ($0.key, $0.value) }, value)
    }

    private mutating func sample(_ name: String, _ labels: [(key: String, value: String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(value))\n"
    }

    /// A metric with one sample.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        begin(name, kind, help)
        sample(name, [:], value)
    }

    /// The samples of a histogram for one set of labels.
    ///
    /// - Parameter counts: not cumulative; one more than `bounds`, for larger values.
    mutating func histogram(
        _ name: String, _ labels: [(key: String, value: String)], bounds: [Double], counts: [Int], sum: Double
    ) {
        var count = 0
        for (bound, added) in zip(bounds.map { "\($0)" } + ["+Inf"], counts) {
            count += added
            sample(name + "_bucket", labels + [("le", bound)], Double(count))
        }
        sample(name + "_sum", labels, sum)
        sample(name + "_count", labels, Double(count))
    }

    /// A metric whose totals are in the database.
    mutating func add(_ metric: SharedMetric, _ totals: [MetricTotal]) {
        let name = metric.rawValue
        begin(name, metric.isHistogram ? .histogram : .counter, metric.help)
        for total in totals {
            let labels = zip(metric.labels, total.labels).map { (key: $0, value: $1) }
            if metric.isHistogram {
                histogram(name, labels, bounds: metric.bounds, counts: total.counts, sum: total.sum)
            } else {
                sample(name, labels, Double(total.counts.reduce(0, +)))
            }
        }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    private static func escaped(_ label: String) -> String {
        label.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
