/// Which classes of jobs a worker serves, and how many jobs it runs at once.
package struct WorkerSlots: Sendable, Equatable {
    package let classes: [JobClass]
    package let count: Int

    package static let allowedCounts = 1...64
    /// What a worker serves where nobody says anything else.
    package static let usualClasses: [JobClass] = [.interactive, .imaging]

    /// Nil where there is no class, or where `count` is out of its range.
    ///
    /// - Parameter count: nil is one slot for each class.
    package init?(_ classes: [JobClass], count: Int? = nil) {
        self.classes = JobClass.allCases.filter(classes.contains)
        self.count = count ?? self.classes.count
        guard !classes.isEmpty, Self.allowedCounts.contains(self.count) else { return nil }
    }

    /// The classes that each slot serves. As far as the slots reach, each class has one that longer jobs can't take; the classes that
    /// are left share the last of these, and slots beyond that serve all.
    package var slots: [[JobClass]] {
        let own = min(count, classes.count)
        return (0..<count).map { slot in
            if slot < own - 1 { return [classes[slot]] }
            return slot < own ? Array(classes[slot...]) : classes
        }
    }

    /// The interactive slot, where it runs beside slots of other classes: it gets a process of its own (docs/decisions/0514).
    package var interactivePart: WorkerSlots? {
        guard count > 1, classes.count > 1, classes.contains(.interactive) else { return nil }
        return WorkerSlots([.interactive], count: 1)
    }

    /// What is left for the worker's own process.
    package var ownPart: WorkerSlots {
        guard let part = interactivePart else { return self }
        return WorkerSlots(classes.filter { $0 != .interactive }, count: count - part.count) ?? self
    }

    /// Whether it needs a segmentation model.
    package var segments: Bool { classes.contains(.imaging) }
}

/// In which order a slot looks for jobs: shorter classes first, but none is passed over for ever.
struct JobTurns {
    private let classes: [JobClass]
    /// How many jobs of others were taken since the last one of a class.
    private var passedOver: [JobClass: Int] = [:]

    /// After so many jobs of others a class is looked at first.
    static let longestRun = 8

    init(_ classes: [JobClass]) {
        self.classes = classes
    }

    var order: [JobClass] {
        let overdue = classes.filter { count($0) >= Self.longestRun }.sorted { count($0) > count($1) }
        return overdue + classes.filter { !overdue.contains($0) }
    }

    /// A job of `taken` was begun.
    mutating func take(_ taken: JobClass) {
        for other in classes { passedOver[other] = other == taken ? 0 : count(other) + 1 }
    }

    private func count(_ jobClass: JobClass) -> Int { passedOver[jobClass] ?? 0 }
}
