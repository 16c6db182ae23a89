/// How a client behaves.
package struct RedisOptions: Sendable {
    /// Shown by `CLIENT LIST`.
    package var name = "neuroai"
    package var connectTimeout: Duration = .seconds(5)
    /// For the wait for a connection and, again, for the reply.
    package var commandTimeout: Duration = .seconds(10)
    package var backoff = RedisBackoff()
    package var limits = RESPLimits()

    package init() {}
}

/// The waits between attempts to connect: exponential with full jitter, so that many clients do not return at once.
package struct RedisBackoff: Sendable {
    package var first: Duration = .milliseconds(50)
    package var longest: Duration = .seconds(5)

    package init(first: Duration = .milliseconds(50), longest: Duration = .seconds(5)) {
        self.first = first
        self.longest = longest
    }

    /// - Parameter failures: in a row, at least 1.
    package func delay(after failures: Int) -> Duration {
        let bound = min(first * (1 << min(max(failures - 1, 0), 16)), longest)
        return bound * Double.random(in: 0.5...1)
    }

    /// Waits for as long, also in a cancelled task: for work that must be done before an end.
    package func wait(after failures: Int) async {
        let delay = delay(after: failures)
        _ = await Task.detached { try? await Task.sleep(for: delay) }.value
    }
}
