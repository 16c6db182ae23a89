import Basics
import Foundation
import Redis

/// Sends tasks to workers, ours or Python's, and waits for their results.
package struct CeleryClient: Sendable {
    private let broker: Broker
    package let results: ResultBackend?
    private let canvas: Canvas

    /// - Parameter origin: the node name of the sender.
    package init(
        broker: RedisURL, backend: RedisURL?, keys: BrokerKeys = BrokerKeys(), defaultQueue: String = "celery",
        origin: String, redis options: RedisOptions = RedisOptions()
    ) {
        // A sender takes no messages, so the visibility timeout is of no account.
        self.broker = Broker(broker, keys: keys, visibilityTimeout: .infinity, options: options)
        results = backend.map { ResultBackend($0, options: options) }
        canvas = Canvas(broker: self.broker, backend: results, origin: origin, defaultQueue: defaultQueue)
    }

    /// Sends a task, group, chain or chord.
    ///
    /// - Returns: the id of its result; of a group the id of the group.
    /// - Throws: `RedisError`. After `connectionLost` and `timeout` it may have been sent: with an id of one's own in
    ///   `options.taskID` it can be sent again under the same id.
    @discardableResult
    package func send(_ signature: Signature) async throws -> String {
        switch try await canvas.send(signature) {
        case .task(let id), .group(let id, _): id
        }
    }

    /// The number of messages that wait on a queue, of all priorities.
    ///
    /// - Throws: `RedisError`.
    package func messageCount(in queue: String) async throws -> Int { try await broker.messageCount(in: queue) }

    package func shutdown() async {
        await broker.shutdown()
        await results?.shutdown()
    }
}
