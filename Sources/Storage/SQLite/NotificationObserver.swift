import GRDB

/// Wakes the listener when a transaction of this process has committed notifications, its own or those of triggers.
final class NotificationObserver: TransactionObserver {
    private let listener: SQLiteListener
    private var hasNotified = false

    init(_ listener: SQLiteListener) {
        self.listener = listener
    }

    func observes(eventsOfKind kind: DatabaseEventKind) -> Bool {
        if case .insert("notifications") = kind { true } else { false }
    }

    func databaseDidChange(with event: DatabaseEvent) {
        hasNotified = true
        stopObservingDatabaseChangesUntilNextTransaction()
    }

    func databaseDidCommit(_ database: GRDB.Database) {
        if hasNotified { listener.wake() }
        hasNotified = false
    }

    func databaseDidRollback(_ database: GRDB.Database) {
        hasNotified = false
    }
}
