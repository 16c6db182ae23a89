import Basics

/// How a client behaves.
package struct RedisOptions: Sendable {
    /// Shown by `CLIENT LIST`.
    package var name = "neuroai"
    package var connectTimeout: Duration = .seconds(5)
    /// For the wait for a connection and, again, for the reply.
    package var commandTimeout: Duration = .seconds(10)
    package var backoff = Backoff(first: .milliseconds(50), longest: .seconds(5))
    package var limits = RESPLimits()

    package init() {}
}

extension RedisOptions {
    /// The wait before another attempt to connect or to store something.
    ///
    /// - Parameter failures: in a row, at least 1.
    package func delay(after failures: Int) -> Duration { backoff.jittered(after: failures, least: 0.5) }

    /// Waits for as long, also in a cancelled task: for work that must be done before an end.
    package func wait(after failures: Int) async {
        let delay = delay(after: failures)
        _ = await Task.detached { try? await Task.sleep(for: delay) }.value
    }
}
