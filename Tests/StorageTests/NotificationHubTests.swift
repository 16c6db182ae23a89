import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite struct NotificationHubTests {
    private static let channel = NotificationChannel("things")

    /// Regression test: each waited for a lock that the other held. On threads of their own, so that a failure blocks no other test.
    @Test func notificationsAndCancelledSubscribersDoNotBlockEachOther() async throws {
        let hub = NotificationHub()
        hub.listen()
        let isOver = Locked(false)
        let ended = Locked(0)
        Thread.detachNewThread {
            while !isOver.value { hub.send(Self.channel, "") }
            ended.withLock { $0 += 1 }
        }
        Thread.detachNewThread {
            for _ in 0..<2000 {
                let stream = hub.subscribe(to: [Self.channel])
                let subscriber = Task { for await _ in stream {} }
                Thread.sleep(forTimeInterval: 0.000_1)
                subscriber.cancel()
            }
            isOver.withLock { $0 = true }
            ended.withLock { $0 += 1 }
        }
        try #require(await eventually { ended.value == 2 })
        #expect(await eventually { hub.isEmpty })
    }
}
