/// The classes of jobs that a worker serves, and how many jobs it runs concurrently.
package struct WorkerSlots: Sendable, Equatable {
    package let classes: [JobClass]
    package let count: Int

    package static let allowedCounts = 1...64
    /// The classes that a worker serves by default.
    package static let usualClasses: [JobClass] = [.interactive, .imaging]

    /// `nil` if there is no class, or `count` is out of range.
    ///
    /// - Parameter count: one slot for each class by default.
    package init?(_ classes: [JobClass], count: Int? = nil) {
        self.classes = JobClass.allCases.filter(classes.contains)
        self.count = count ?? self.classes.count
        guard !classes.isEmpty, Self.allowedCounts.contains(self.count) else { return nil }
    }

    /// The classes that each slot serves. As far as possible, each class has a slot that longer jobs cannot take; the
    /// remaining classes share the last of these, and further slots serve all classes.
    package var slots: [[JobClass]] {
        let own = min(count, classes.count)
        return (0..<count).map { slot in
            if slot < own - 1 { return [classes[slot]] }
            return slot < own ? Array(classes[slot...]) : classes
        }
    }

    /// The interactive slot, if there are also slots for other classes: it gets its own process (docs/decisions/0514).
    package var interactivePart: WorkerSlots? {
        guard count > 1, classes.count > 1, classes.contains(.interactive) else { return nil }
        return WorkerSlots([.interactive], count: 1)
    }

    /// The slots that remain in the worker's own process.
    package var ownPart: WorkerSlots {
        guard let part = interactivePart else { return self }
        return WorkerSlots(classes.filter { $0 != .interactive }, count: count - part.count) ?? self
    }

    /// Whether it needs a segmentation model.
    package var segments: Bool { classes.contains(.imaging) }
}

/// The order in which a slot looks for jobs: shorter classes first, but without starving any.
struct JobTurns {
    private let classes: [JobClass]
    /// The number of jobs of other classes taken since the last one of a class.
    private var passedOver: [JobClass: Int] = [:]

    /// After this many jobs of other classes, a class gets its turn.
    static let longestRun = 8

    init(_ classes: [JobClass]) {
        self.classes = classes
    }

    var order: [JobClass] {
        let overdue = classes.filter { count($0) >= Self.longestRun }.sorted { count($0) > count($1) }
        return overdue + classes.filter { !overdue.contains($0) }
    }

    /// A job of `taken` was started.
    mutating func take(_ taken: JobClass) {
        for other in classes { passedOver[other] = other == taken ? 0 : count(other) + 1 }
    }

    private func count(_ jobClass: JobClass) -> Int { passedOver[jobClass] ?? 0 }
}
