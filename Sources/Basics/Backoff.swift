/// Exponential backoff.
package struct Backoff: Sendable, Equatable {
    package let first: Duration
    package let longest: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// The wait after the `count`th failure, counted from 1.
    package func delay(after count: Int) -> Duration {
        // 2^20 is far beyond the longest wait, and keeps the shift in range.
        min(longest, first * (1 << min(max(0, count - 1), 20)))
    }

    /// The same wait at random between a share of it and the whole, so that clients that failed together do not return
    /// together (AWS Architecture Blog, "Exponential Backoff And Jitter").
    ///
    /// - Parameter least: the smallest share; 0 is full jitter.
    package func jittered(after count: Int, least: Double) -> Duration {
        delay(after: count) * Double.random(in: least...1)
    }
}
