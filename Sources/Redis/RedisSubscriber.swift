import NIOCore

/// A message of a channel.
package struct RedisMessage: Sendable, Equatable {
    package let channel: String
    /// Of a pattern subscription.
    package let pattern: String?
    package let payload: [UInt8]
}

/// Messages of channels and patterns, over a connection of its own that is made again, with its subscriptions, when it ends.
/// What is published in between is lost, as Redis keeps nothing: `subscribed` marks where.
package struct RedisSubscriber: AsyncSequence, Sendable {
    package enum Element: Sendable, Equatable {
        /// All subscriptions are active, initially or after a reconnection.
        case subscribed
        case message(RedisMessage)
        /// The connection ended or could not be made; it is tried again.
        case interrupted(RedisError)
    }

    /// A slow consumer loses the oldest of more messages than this.
    private static let buffered = 10_000
    private static let pingInterval: Duration = .seconds(20)

    private let stream: AsyncStream<Element>

    /// It connects at once and ends when the iteration's task is cancelled or the sequence is dropped.
    package init(_ url: RedisURL, channels: [String] = [], patterns: [String] = [], options: RedisOptions = .init()) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Element.self, bufferingPolicy: .bufferingNewest(Self.buffered))
        self.stream = stream
        let task = Task {
            await Self.run(url, channels: channels, patterns: patterns, options: options, continuation)
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
    }

    package func makeAsyncIterator() -> AsyncStream<Element>.Iterator { stream.makeAsyncIterator() }

    private static func run(
        _ url: RedisURL, channels: [String], patterns: [String], options: RedisOptions,
        _ continuation: AsyncStream<Element>.Continuation
    ) async {
        var failures = 0
        while !Task.isCancelled {
            do {
                let connection = try await RedisConnection.connect(url, options)
                failures = 0
                await listen(on: connection, channels: channels, patterns: patterns, continuation)
                guard !Task.isCancelled else { return }
                continuation.yield(.interrupted(.connectionLost(command: "SUBSCRIBE")))
            } catch {
                continuation.yield(.interrupted(error as? RedisError ?? .unavailable("\(error)")))
            }
            failures += 1
            try? await Task.sleep(for: options.delay(after: failures))
        }
    }

    private static func listen(
        on connection: RedisConnection, channels: [String], patterns: [String],
        _ continuation: AsyncStream<Element>.Continuation
    ) async {
        let pulse = Pulse()
        var commands: [RedisCommand] = []
        if !channels.isEmpty { commands.append(RedisCommand("SUBSCRIBE", channels.map { .text($0) })) }
        if !patterns.isEmpty { commands.append(RedisCommand("PSUBSCRIBE", patterns.map { .text($0) })) }
        let wanted = channels.count + patterns.count
        let receive: @Sendable (RESPValue) -> Void = { reply in
            pulse.received()
            switch Push(reply) {
            case .message(let message): continuation.yield(.message(message))
            case .subscription(let count) where count == wanted: continuation.yield(.subscribed)
            case .subscription, .other: break
            // A refused subscription (NOPERM) is not answered later either.
            case .refusal(let error): continuation.yield(.interrupted(.server(error)))
            }
        }
        connection.subscribe(commands, onPush: receive)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await connection.closed() }
            // A connection whose peer is gone without a word is noticed by the missing answer.
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: pingInterval)
                    guard !Task.isCancelled, pulse.beatSinceLastCheck() else { return }
                    connection.subscribe([RedisCommand("PING")], onPush: receive)
                }
            }
            await group.next()
            group.cancelAll()
            await connection.close()
        }
    }

    /// What a subscribed connection receives.
    private enum Push {
        case message(RedisMessage)
        /// With the number of active subscriptions.
        case subscription(count: Int)
        case refusal(RedisServerError)
        case other

        init(_ reply: RESPValue) {
            if case .error(let error) = reply {
                self = .refusal(error)
                return
            }
            let parts = reply.array ?? []
            let texts = parts.map(\.text)
            switch (texts.first ?? nil, parts.count) {
            case ("message", 3):
                self = .message(RedisMessage(channel: texts[1] ?? "", pattern: nil, payload: parts[2].bytes ?? []))
            case ("pmessage", 4):
                self = .message(
                    RedisMessage(channel: texts[2] ?? "", pattern: texts[1], payload: parts[3].bytes ?? []))
            case ("subscribe", 3), ("psubscribe", 3): self = .subscription(count: parts[2].integer ?? 0)
            default: self = .other
            }
        }
    }
}
