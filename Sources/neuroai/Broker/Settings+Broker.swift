import Kernel
import Redis

extension Settings {
    /// The broker that carries jobs to workers, and where their results are stored for Celery's clients; `nil` without
    /// one: the database carries the jobs.
    func broker() throws -> BrokerSettings? {
        guard let url = self["CELERY_BROKER_URL"] else { return nil }
        return BrokerSettings(
            broker: try Self.redis(url, "CELERY_BROKER_URL"),
            backend: try self["CELERY_RESULT_BACKEND"].map { try Self.redis($0, "CELERY_RESULT_BACKEND") })
    }

    static func redis(_ text: String, _ name: String) throws -> RedisURL {
        do {
            return try RedisURL(text)
        } catch let error as RedisURL.Malformed {
            throw SettingsError("\(name) must be a Redis URL such as redis://host:6379/0: \(error.reason)")
        }
    }
}

struct BrokerSettings: Sendable {
    let broker: RedisURL
    /// Without one, clients can't wait for the results of tasks.
    let backend: RedisURL?

    /// The queue of tasks that name no other one.
    static let defaultQueue = "celery"
}

extension JobClass {
    /// The queue to which its messages are sent.
    var queue: String { rawValue }

    /// The queues that a worker of this class consumes: a client's tasks are usually sent to the default queue.
    var consumedQueues: [String] {
        self == .imaging ? [queue, BrokerSettings.defaultQueue] : [queue]
    }
}
