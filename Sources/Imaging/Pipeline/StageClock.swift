import Basics

/// Times consecutive stages.
package struct StageClock {
    package private(set) var stages: [RunManifest.Stage] = []
    private var last = ContinuousClock.now
    private let control: WorkControl

    /// - Parameter control: is told of each stage when it has ended.
    package init(_ control: WorkControl) {
        self.control = control
    }

    /// Records the time since the last lap (or the start) as `name`.
    package mutating func lap(_ name: String) {
        let now = ContinuousClock.now
        let duration = now - last
        let seconds = duration / .seconds(1)
        stages.append(RunManifest.Stage(name: name, seconds: (seconds * 1000).rounded() / 1000))
        last = now
        control.stageEnded(name, duration)
    }

    /// Records the time since the last lap as stages that the work timed itself, with a clock of its own.
    mutating func lap(_ parts: [RunManifest.Stage]) {
        stages += parts
        last = .now
    }
}
