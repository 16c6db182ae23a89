/// Controls long work: receives its progress and tells it when to stop.
package struct WorkControl: Sendable {
    /// Called with the step's name and the completed share of the whole work, 0...1, increasing.
    package let report: @Sendable (_ step: String, _ fraction: Double) -> Void
    /// True as soon as the work should stop; checked often and, while a network runs, at least every 0.2 s.
    package let isCancelled: @Sendable () -> Bool
    /// Called with the name and time of a stage when it has ended.
    package let stageEnded: @Sendable (_ stage: String, _ duration: Duration) -> Void

    package init(
        report: @escaping @Sendable (_ step: String, _ fraction: Double) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false },
        stageEnded: @escaping @Sendable (_ stage: String, _ duration: Duration) -> Void = { _, _ in }
    ) {
        self.report = report
        self.isCancelled = isCancelled
        self.stageEnded = stageEnded
    }

    /// Maps a part's progress 0...1 to a range of the whole.
    package func share(_ range: ClosedRange<Double>) -> WorkControl {
        WorkControl(
            report: { step, fraction in
                report(step, range.lowerBound + fraction * (range.upperBound - range.lowerBound))
            }, isCancelled: isCancelled, stageEnded: stageEnded)
    }
}
