/// By what long work is steered: it reports where it is and learns that it should stop.
package struct WorkControl: Sendable {
    /// Called with the step's name and the share done of the whole work in 0...1, rising.
    package let report: @Sendable (_ step: String, _ fraction: Double) -> Void
    /// True as soon as the work should stop; asked often and, inside the network's run, at least every 0.2 s.
    package let isCancelled: @Sendable () -> Bool

    package init(
        report: @escaping @Sendable (_ step: String, _ fraction: Double) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.report = report
        self.isCancelled = isCancelled
    }

    /// Reports a part's own 0...1 as a part of the whole.
    package func share(_ range: ClosedRange<Double>) -> WorkControl {
        WorkControl(
            report: { step, fraction in
                report(step, range.lowerBound + fraction * (range.upperBound - range.lowerBound))
            }, isCancelled: isCancelled)
    }
}
