import Foundation

/// The extent of the suite of faults: short in `make test`, whole in `make faults`.
enum FaultPlan {
    /// `FAULT_ROUNDS`: kills at random moments.
    static let rounds = number("FAULT_ROUNDS") ?? 3
    /// `FAULT_SEED`: the same seed chooses the same moments and victims.
    static let seed = UInt64(number("FAULT_SEED") ?? 1)
    /// Whether faults are tested that last minutes.
    static let isWhole = number("FAULT_ROUNDS") != nil
    /// Unfinished segmentations during a fault.
    static let load = isWhole ? 2 : 1
    /// How long Redis and PostgreSQL are cut off.
    static let cutOff: Duration = isWhole ? .seconds(30) : .seconds(2)

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    /// A line that `make faults` shows and docs/faults.md quotes.
    static func publish(_ fault: String, _ counts: String) { print("faults: \(fault): \(counts)") }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): random numbers that a seed determines.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
