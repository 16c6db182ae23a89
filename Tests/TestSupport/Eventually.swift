/// Whether `condition` becomes true in time; it is checked once more at the deadline. The time is generous: hundreds of tests
/// may share two cores.
package func eventually(
    within time: Duration = .seconds(60), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}
