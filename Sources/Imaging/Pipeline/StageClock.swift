/// Times consecutive stages.
package struct StageClock {
    package private(set) var stages: [RunManifest.Stage] = []
    private var last = ContinuousClock.now

    package init() {}

    /// Records the time since the last lap (or the start) as `name`.
    package mutating func lap(_ name: String) {
        let now = ContinuousClock.now
        let time = (now - last).components
        let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
        stages.append(RunManifest.Stage(name: name, seconds: (seconds * 1000).rounded() / 1000))
        last = now
    }

    /// Records the time since the last lap as stages that the work timed itself.
    mutating func lap(_ parts: [RunManifest.Stage]) {
        stages += parts
        last = .now
    }
}
