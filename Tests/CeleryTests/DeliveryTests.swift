import Basics
import Foundation
import Redis
import TestSupport
import Testing

@testable import Celery

/// No message is lost, whatever ends.
struct DeliveryTests {
    /// A broker of a test, in a database of its own, so that counts are its own.
    private static func broker(_ database: Int, visibility: Double = 3600) async throws -> Broker {
        let fixture = try CeleryFixture.shared.get()
        let broker = Broker(
            RedisURL(address: fixture.url.address, database: database), visibilityTimeout: visibility, options: .init())
        _ = try await broker.client.send(RedisCommand("FLUSHDB"))
        return broker
    }

    private static func send(_ broker: Broker, _ id: String, queue: String = "q", priority: Int = 0) async throws {
        var signature = Signature(task: "t.note", arguments: [.text(id)])
        signature.options.priority = priority
        try await broker.send(TaskMessage.message(signature, id: id, origin: "test"), queue: queue)
    }

    private static func consumer(_ broker: Broker, _ queues: [String] = ["q"]) async throws -> BrokerConsumer {
        let consumer = BrokerConsumer(broker, queues: queues) { _, _ in }
        try await consumer.connect()
        return consumer
    }

    private static func counts(_ broker: Broker) async throws -> [Int?] {
        try await broker.client.send([
            RedisCommand("LLEN", "q"), RedisCommand("HLEN", "unacked"), RedisCommand("ZCARD", "unacked_index"),
        ]).map(\.integer)
    }

    @Test func waitingMessagesAreHeldUntilAcknowledged() async throws {
        let broker = try await Self.broker(1)
        let consumer = try await Self.consumer(broker)
        for id in ["a", "b", "c"] { try await Self.send(broker, id) }
        let first = try await consumer.take(2)
        #expect(first.map(\.message.headers["id"]) == ["a", "b"])
        #expect(try await Self.counts(broker) == [1, 2, 2])
        try await broker.acknowledge(first[0].tag)
        #expect(try await broker.restore(first[1].tag, toFront: true))
        #expect(try await !broker.restore(first[1].tag, toFront: true))
        #expect(try await Self.counts(broker) == [2, 0, 0])
        let again = try await consumer.take(5)
        #expect(again.map(\.message.headers["id"]) == ["b", "c"])
        #expect(try TaskRequest(again[0].message, queue: "q").isRedelivered)
        #expect(try !TaskRequest(again[1].message, queue: "q").isRedelivered)
        await broker.shutdown()
    }

    @Test func anIdleConsumerIsWokenByAMessageAndByStop() async throws {
        let broker = try await Self.broker(2)
        let consumer = try await Self.consumer(broker)
        let taken = Task { try await consumer.take(5) }
        try await Task.sleep(for: .milliseconds(200))
        try await Self.send(broker, "a", priority: 6)
        #expect(try await taken.value.map(\.queue) == ["q"])
        #expect(try await Self.counts(broker) == [0, 1, 1])
        let nothing = Task { try await consumer.take(5) }
        try await Task.sleep(for: .milliseconds(200))
        let begin = ContinuousClock.now
        await consumer.stop()
        #expect(try await nothing.value.isEmpty)
        #expect(ContinuousClock.now - begin < .seconds(5))
        await broker.shutdown()
    }

    @Test func messagesOfADeadWorkerAreDeliveredAgain() async throws {
        let broker = try await Self.broker(3, visibility: 0.3)
        let consumer = try await Self.consumer(broker)
        for id in ["a", "b"] { try await Self.send(broker, id) }
        let held = try await consumer.take(2)
        #expect(try await broker.restoreOverdue() == 0)
        try await Task.sleep(for: .milliseconds(400))
        try await broker.renew([held[0].tag, "unknown"])
        #expect(try await broker.restoreOverdue() == 1)
        #expect(try await Self.counts(broker) == [1, 1, 1])
        // Another process has the lock.
        try await Task.sleep(for: .milliseconds(400))
        _ = try await broker.client.send(RedisCommand("SET", "unacked_mutex", "other"))
        #expect(try await broker.restoreOverdue() == 0)
        await broker.shutdown()
    }

    /// The reply to a call that took messages was lost with its connection.
    @Test func messagesThatNeverArrivedAreReturned() async throws {
        let broker = try await Self.broker(5)
        for id in ["a", "b", "c"] { try await Self.send(broker, id) }
        _ = try await BrokerScripts.take.run(
            on: broker.client, keys: ["unacked", "unacked_index", "q"], [2, .number(1000.125)])
        _ = try await BrokerScripts.take.run(
            on: broker.client, keys: ["unacked", "unacked_index", "q"], [1, .number(1000.25)])
        try await broker.reclaim(takenAt: 1000.125)
        #expect(try await Self.counts(broker) == [2, 1, 1])
        await broker.shutdown()
    }

    /// kombu's own consumer and ours restore each other's messages: the entries have one format.
    @Test func kombuRestoresWhatWeHold() async throws {
        let broker = try await Self.broker(4)
        let fixture = try CeleryFixture.shared.get()
        let consumer = try await Self.consumer(broker)
        try await Self.send(broker, "a")
        _ = try await consumer.take(1)
        let restored = try await fixture.python.run(
            """
            from kombu import Connection
            url = app.conf.broker_url[:-1] + '4'
            with Connection(url, transport_options={'visibility_timeout': 0}) as connection:
                channel = connection.default_channel
                channel.qos.restore_visible(num=10, interval=1)
                import time; time.sleep(0.05)
                message = connection.SimpleQueue('q').get(timeout=5)
                result = [message.headers['id'], message.headers['redelivered']]
                message.ack()
            """)
        #expect(restored == ["a", true])
        #expect(try await Self.counts(broker) == [0, 0, 0])
        await broker.shutdown()
    }

    @Test(arguments: ["not json", "[1]", #"{"properties":{"delivery_tag":"t"},"body":"%"}"#])
    func whatIsNoMessageIsDiscarded(_ text: String) async throws {
        let fixture = try CeleryFixture.shared.get()
        let result = try await fixture.withWorker([.add]) { queue, _ in
            _ = try await fixture.redis.send(RedisCommand("LPUSH", .text(queue), .text(text)))
            return try await fixture.python.run(
                "result = app.send_task('t.add', (1, 2), queue='\(queue)').get(timeout=10)")
        }
        #expect(result == 3)
        #expect(try await fixture.redis.send(RedisCommand("HEXISTS", "unacked", "t")).integer == 0)
    }

    @Test func otherSerializersAreDiscarded() async throws {
        let fixture = try CeleryFixture.shared.get()
        let result = try await fixture.withWorker([.add]) { queue, _ in
            try await fixture.python.run(
                """
                app.send_task('t.add', (1, 2), queue='\(queue)', serializer='pickle')
                result = app.send_task('t.add', (1, 2), queue='\(queue)').get(timeout=10)
                """)
        }
        #expect(result == 3)
    }

    // MARK: Shutdown

    @Test func aStoppedWorkerHandsEverythingBack() async throws {
        let fixture = try CeleryFixture.shared.get()
        let notes = Notes()
        let task = CeleryTask("t.note") { context in
            notes.add("start")
            try await Task.sleep(for: .seconds(60))
            return .null
        }
        let queue = try await fixture.withWorker([task]) {
            $0.concurrency = 1
            $0.shutdownTimeout = 0.2
        } _: { queue, _ in
            _ = try await fixture.python.run(
                """
                for countdown in (None, None, 60):
                    app.send_task('t.note', queue='\(queue)', countdown=countdown)
                """)
            try await eventually("a task runs") { notes.all.count == 1 }
            try await eventually("all are taken") {
                try await fixture.redis.send(RedisCommand("LLEN", .text(queue))).integer == 0
            }
            return queue
        }
        let messages = try await fixture.redis.send(RedisCommand("LRANGE", .text(queue), 0, "-1")).array ?? []
        #expect(messages.count == 3)
        let redelivered = try messages.map { try KombuMessage(reading: $0.bytes ?? []).headers["redelivered"] }
        #expect(redelivered == [true, true, true])
        #expect(notes.all == ["start"])
    }

    @Test func aStoppedWorkerWaitsForRunningTasks() async throws {
        let fixture = try CeleryFixture.shared.get()
        let notes = Notes()
        let task = CeleryTask("t.note") { _ in
            notes.add("start")
            try await Task.sleep(for: .milliseconds(400))
            notes.add("end")
            return .null
        }
        try await fixture.withWorker([task]) { queue, _ in
            _ = try await fixture.python.run("awaited = app.send_task('t.note', queue='\(queue)')")
            try await eventually("it runs") { !notes.all.isEmpty }
        }
        #expect(notes.all == ["start", "end"])
        #expect(try await fixture.python.run("result = awaited.status") == "SUCCESS")
    }

    /// Each of many tasks has one result, although Redis is killed twice while they run.
    @Test func aRestartOfTheBrokerLosesNothing() async throws {
        let server = try RedisServer(keepsData: true)
        let url = try RedisURL(server.url)
        let notes = Notes()
        let task = CeleryTask("t.note") { context in
            try await Task.sleep(for: .milliseconds(5))
            notes.add(context.id)
            return .text(context.id)
        }
        var configuration = WorkerConfiguration(broker: url, backend: url, nodeName: "swift@restart", queues: ["q"])
        configuration.visibilityTimeout = 2
        configuration.restoreInterval = 0.3
        configuration.shutdownTimeout = 3
        let worker = CeleryWorker(configuration, tasks: [task], logger: .quiet)
        async let running: Void = worker.run()
        let client = CeleryClient(broker: url, backend: url, origin: "test")
        var ids: [String] = []
        for number in 0..<300 {
            if number == 100 || number == 200 {
                server.kill()
                try server.start()
            }
            var signature = Signature(task: "t.note")
            signature.options.taskID = "task-\(number)"
            signature.options.queue = "q"
            while (try? await client.send(signature)) == nil {}
            ids.append("task-\(number)")
        }
        for id in ids { #expect(try await client.results?.wait(for: id, timeout: 20)?.state == .success) }
        #expect(Set(notes.all) == Set(ids))
        worker.stop()
        await running
        #expect(try await Self.unacked(url) == [0, 0, 0])
        await client.shutdown()
    }

    private static func unacked(_ url: RedisURL) async throws -> [Int?] {
        let broker = Broker(url, visibilityTimeout: 1, options: .init())
        defer { Task { await broker.shutdown() } }
        return try await counts(broker)
    }
}
