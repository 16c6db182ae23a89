import Basics

/// An exception as Celery's JSON serializer stores it (`Backend.prepare_exception`).
package struct TaskFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name of the class, such as `ValueError`.
    package let type: String
    /// The arguments of the exception; mostly one text.
    package let arguments: [JSONValue]
    /// The Python module of the class. Clients that have no such class raise one that they make with this name.
    package let module: String
    package let traceback: String?

    package init(type: String, message: String, module: String = "neuroai", traceback: String? = nil) {
        self.init(type: type, arguments: [.text(message)], module: module, traceback: traceback)
    }

    init(type: String, arguments: [JSONValue], module: String, traceback: String? = nil) {
        self.type = type
        self.arguments = arguments
        self.module = module
        self.traceback = traceback
    }

    /// A handler's error.
    init(_ error: any Error) {
        self = error as? TaskFailure ?? TaskFailure(type: "\(Swift.type(of: error))", message: "\(error)")
    }

    init?(_ json: JSONValue) {
        guard let type = json["exc_type"]?.asText else { return nil }
        let message = json["exc_message"] ?? .null
        self.init(
            type: type, arguments: message.asList ?? [message], module: json["exc_module"]?.asText ?? "builtins")
    }

    var json: JSONValue {
        ["exc_type": .text(type), "exc_message": .list(arguments), "exc_module": .text(module)]
    }

    /// `ValueError('no case')`, as Python shows it.
    package var description: String { type + PythonRepr.arguments(arguments).replacing(/,\)$/, with: ")") }

    private static func celery(_ type: String, _ arguments: JSONValue...) -> TaskFailure {
        TaskFailure(type: type, arguments: arguments, module: "celery.exceptions")
    }

    static func notRegistered(_ task: String) -> TaskFailure { celery("NotRegistered", .text(task)) }
    static func revoked(_ reason: String) -> TaskFailure { celery("TaskRevokedError", .text(reason)) }
    static func chord(_ message: String) -> TaskFailure { celery("ChordError", .text(message)) }
    static func maxRetriesExceeded(_ message: String) -> TaskFailure {
        celery("MaxRetriesExceededError", .text(message))
    }
    static func rejected(_ reason: String) -> TaskFailure { celery("Reject", .text(reason), false) }

    static func timeLimitExceeded(_ seconds: Double) -> TaskFailure {
        TaskFailure(type: "TimeLimitExceeded", arguments: [.number(seconds)], module: "billiard.exceptions")
    }
}
