import Foundation

/// The keys of kombu's Redis transport (https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html).
package struct BrokerKeys: Sendable, Equatable {
    /// Before every key (`global_keyprefix`).
    package var prefix = ""
    /// Priorities that have a list of their own; others use the next lower one. The first is taken first.
    package var prioritySteps = [0, 3, 6, 9]

    package init() {}

    /// Between the parts of names.
    static let separator = "\u{6}\u{16}"

    var unacked: String { prefix + "unacked" }
    var unackedIndex: String { prefix + "unacked_index" }
    var unackedMutex: String { prefix + "unacked_mutex" }

    func bindings(ofExchange exchange: String) -> String { "\(prefix)_kombu.binding.\(exchange)" }

    /// Members of this set keep kombu 5.7 from sweeping the bindings.
    func permanentBindings(ofExchange exchange: String) -> String { "\(prefix)_kombu.binding_permanent.\(exchange)" }

    func list(_ queue: String, priority: Int) -> String {
        let step = prioritySteps.last { $0 <= priority } ?? prioritySteps.first ?? 0
        return prefix + (step == 0 ? queue : "\(queue)\(Self.separator)\(step)")
    }

    /// The lists of queues in the order in which they are taken from.
    func lists(_ queues: [String]) -> [String] {
        prioritySteps.flatMap { step in queues.map { list($0, priority: step) } }
    }

    /// The queue that a list belongs to.
    func queue(ofList list: String) -> String {
        let name = list.dropFirst(prefix.count)
        return name.range(of: Self.separator, options: .backwards).map { String(name[..<$0.lowerBound]) }
            ?? String(name)
    }

    /// The channel of a fanout exchange.
    func channel(_ exchange: String, routingKey: String = "", database: Int) -> String {
        "\(prefix)/\(database).\(exchange)" + (routingKey.isEmpty ? "" : "/\(routingKey)")
    }
}
