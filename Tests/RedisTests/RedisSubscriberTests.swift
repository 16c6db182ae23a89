import Basics
import Foundation
import TestSupport
import Testing

@testable import Redis

struct RedisSubscriberTests {
    @Test func messagesOfChannelsAndPatternsArriveAgainAfterARestart() async throws {
        let server = try RedisServer()
        let url = try RedisURL(server.url)
        var options = RedisOptions()
        options.backoff = Backoff(first: .milliseconds(10), longest: .milliseconds(50))
        let client = RedisClient(url, options: options)
        var events = RedisSubscriber(url, channels: ["a"], patterns: ["b.*"], options: options).makeAsyncIterator()
        #expect(await events.next() == .subscribed)
        _ = try await client.send(RedisCommand("PUBLISH", "a", "1"))
        _ = try await client.send(RedisCommand("PUBLISH", "b.c", "2"))
        #expect(await events.next() == .message(.init(channel: "a", pattern: nil, payload: Array("1".utf8))))
        #expect(await events.next() == .message(.init(channel: "b.c", pattern: "b.*", payload: Array("2".utf8))))
        server.kill()
        guard case .interrupted? = await events.next() else {
            Issue.record("no interruption")
            return
        }
        try server.start()
        var next = await events.next()
        while case .interrupted? = next { next = await events.next() }
        #expect(next == .subscribed)
        _ = try await client.send(RedisCommand("PUBLISH", "a", "3"), isIdempotent: true)
        #expect(await events.next() == .message(.init(channel: "a", pattern: nil, payload: Array("3".utf8))))
        await client.shutdown()
    }
}
