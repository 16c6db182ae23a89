import Basics
import Foundation
import Redis

/// Receives the commands of `celery inspect` and `celery control` from kombu's pidbox, a fanout exchange, and replies
/// (`kombu.pidbox`, `celery.worker.control`).
struct RemoteControl: Sendable {
    /// Replies that nobody fetches are removed after this, in seconds.
    private static let replyExpiry = 60

    let core: WorkerCore
    let consumer: BrokerConsumer
    let broker: Broker
    let events: EventDispatcher
    let clock: LamportClock
    let configuration: WorkerConfiguration
    let startedAt = Date.now
    let stop: @Sendable () -> Void

    init(
        core: WorkerCore, consumer: BrokerConsumer, broker: Broker, events: EventDispatcher, clock: LamportClock,
        configuration: WorkerConfiguration, stop: @escaping @Sendable () -> Void
    ) {
        self.core = core
        self.consumer = consumer
        self.broker = broker
        self.events = events
        self.clock = clock
        self.configuration = configuration
        self.stop = stop
    }

    func run() async {
        let channel = broker.keys.channel("celery.pidbox", database: broker.url.database)
        let subscriber = RedisSubscriber(broker.url, channels: [channel], options: broker.client.options)
        for await event in subscriber {
            guard case .message(let raw) = event, let message = try? KombuMessage(reading: raw.payload),
                let command = try? message.decodedBody(), isAddressed(command)
            else { continue }
            clock.adjust(message.headers["clock"]?.asInteger ?? 0)
            await answer(command)
        }
    }

    private func isAddressed(_ command: JSONValue) -> Bool {
        if let destination = command["destination"]?.asList, !destination.isEmpty {
            return destination.contains(.text(configuration.nodeName))
        }
        guard let pattern = command["pattern"]?.asText, let matcher = command["matcher"]?.asText else { return true }
        if matcher == "pcre" {
            return (try? Regex(pattern)).flatMap { configuration.nodeName.prefixMatch(of: $0) } != nil
        }
        return fnmatch(pattern, configuration.nodeName, 0) == 0
    }

    private func answer(_ command: JSONValue) async {
        let arguments = command["arguments"] ?? [:]
        let method = command["method"]?.asText ?? ""
        var known = await inspect(method, arguments)
        if known == nil { known = await steer(method, arguments) }
        let reply = known ?? Self.error("KeyError(\(PythonRepr.quoted(method)))")
        guard let exchange = command["reply_to"]?["exchange"]?.asText,
            let routingKey = command["reply_to"]?["routing_key"]?.asText
        else { return }
        let message = KombuMessage(
            body: .object([configuration.nodeName: reply]),
            headers: ["ticket": command["ticket"] ?? .null, "clock": .integer(clock.forward())],
            properties: ["delivery_mode": 1])
        try? await broker.reply(message, exchange: exchange, routingKey: routingKey, expiry: Self.replyExpiry)
    }

    static func ok(_ text: String) -> JSONValue { ["ok": .text(text)] }
    static func error(_ text: String) -> JSONValue { ["error": .text(text)] }
}
