import Kernel
import Storage

/// Streams of changes to the cases, segmentations and reports that a user may see.
package struct EventsService: Sendable {
    private let database: any Database
    private let audit: AuditService
    package let feed: EventFeed
    private let reader: EventReader
    private let clock: @Sendable () -> Timestamp

    /// Changes that a reconnecting client may have missed; beyond this it loads the lists again.
    private static let backlogLimit = 1000
    /// Objects of a stream whose read is remembered as recorded.
    private static let recordedLimit = 1000

    package init(
        database: any Database, audit: AuditService, feed: EventFeed,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.audit = audit
        self.feed = feed
        self.clock = clock
        reader = EventReader(database: database)
    }

    /// Opens a stream.
    ///
    /// - Parameter lastID: the ID of the last event that the client has received.
    /// - Throws: not found if the topic's object is invisible; too many requests or unavailable beyond the limits.
    package func open(
        _ principal: Principal, _ topic: EventTopic, after lastID: String?, over transport: EventTransport
    ) async throws -> EventStream {
        let scope = principal.scope.withShares
        try Policy.require(.readCase, scope)
        let now = clock()
        let (end, task) = try await database.read { connection in
            (try EventStore(connection).end(at: now), try Self.require(scope, topic, in: connection))
        }
        let settings = feed.settings
        let lifetime = principal.tokenExpiresAt.map { min(settings.lifetime, $0.since(now)) } ?? settings.lifetime
        let subscription = EventSubscription(scope, topic, transport, lifetime: lifetime, settings: settings)
        try feed.add(subscription, from: end)
        do {
            let place = lastID.flatMap { EventPosition($0) }.flatMap { canResume(from: $0, end, at: now) ? $0 : nil }
            // Also without a place to resume from: the feed may already have read past `end`.
            let backlog = try await backlog(after: place ?? end, of: subscription)
            subscription.offer((backlog ?? []) + [task].compactMap(\.self))
            try await audit.record(topic.auditEntry(scope, at: now))
            // What is known to be delivered: the backlog is not yet.
            let start = backlog?.isEmpty == false ? place ?? end : end
            let hasGap = backlog == nil || lastID != nil && place == nil
            return EventStream(
                service: self, subscription: subscription,
                opening: EventMessage(id: start.text, content: hasGap ? .resync : .ready))
        } catch {
            feed.remove(subscription)
            throw error
        }
    }

    /// Deletes changes that clients can no longer resume from; run it periodically.
    ///
    /// - Returns: their number.
    @discardableResult
    package func deleteExpired() async throws -> Int {
        // A margin for servers whose clocks differ.
        let time = clock().advanced(by: .seconds(-3600) - feed.settings.retention)
        return try await database.write { try EventStore($0).deleteChanges(before: time) }
    }

    // MARK: Parts

    /// - Returns: the topic's segmentation, whose state is sent first.
    private static func require(
        _ scope: Scope, _ topic: EventTopic, in connection: any DatabaseConnection
    ) throws -> EventReference? {
        switch topic {
        case .all: return nil
        case .case(let id):
            _ = try CaseStore(connection).require(scope, id)
            return nil
        case .task(let id):
            let task = try SegmentationService.require(scope, id, in: connection)
            return EventReference(
                object: .task(id), caseID: task.caseID, institution: scope.institution, position: nil)
        }
    }

    /// Whether the log still has everything after `place`. A place beyond the end is of another database.
    private func canResume(from place: EventPosition, _ end: EventPosition, at now: Timestamp) -> Bool {
        now.since(place.time) < feed.settings.retention && !place.isAfter(end)
    }

    /// The changes that the client has missed; `nil` if there are too many.
    private func backlog(
        after place: EventPosition, of subscription: EventSubscription
    ) async throws -> [EventReference]? {
        let extract = try await database.read {
            try EventStore($0).extract(after: place, limit: Self.backlogLimit)
        }
        let references = extract.changes.compactMap { change in
            if case .object(let reference) = change.change, subscription.concerns(reference) { reference } else { nil }
        }
        // More would end the stream as for a slow reader.
        let isKept = Set(references.map(\.object)).count <= feed.settings.waitingLimit
        return !extract.isFull && isKept ? references : nil
    }

    /// The object's state for the subscriber; `nil` if there is nothing to send. Its first read is recorded before it is
    /// sent.
    func content(
        of reference: EventReference, for subscription: EventSubscription, _ recorded: inout Set<EventObject>
    ) async -> EventContent? {
        let scope = subscription.scope
        do {
            guard let content = try await reader.content(scope, of: reference) else {
                if subscription.topic.isOnly(reference.object) { subscription.end(.revoked) }
                return nil
            }
            if recorded.count >= Self.recordedLimit { recorded.removeAll() }
            if !recorded.contains(reference.object), let entry = content.auditEntry(scope, at: clock()) {
                try await audit.record(entry)
                recorded.insert(reference.object)
            }
            return content
        } catch {
            feed.report(error)
            subscription.end(.unavailable)
            return nil
        }
    }

    /// Ends the stream if its session has ended or its user has another role.
    func check(_ subscription: EventSubscription) async {
        let scope = subscription.scope
        guard let session = scope.session else { return }
        do {
            let principal = try await database.read { try SessionStore($0).principal(session, origin: scope.origin) }
            let isSame = principal.map { scope.isVisiting ? $0.scope.isSuperuser : $0.scope.role == scope.role }
            if isSame != true { subscription.end(.revoked) }
        } catch {
            // Without the database there are no events either.
            feed.report(error)
        }
    }
}

extension EventTopic {
    /// The entry for opening a stream.
    fileprivate func auditEntry(_ scope: Scope, at now: Timestamp) -> AuditEntry {
        switch self {
        case .all: AuditEntry(scope, "event.subscribe", "case", nil, at: now)
        case .case(let id): AuditEntry(scope, "event.subscribe", "case", id.string, at: now)
        case .task(let id): AuditEntry(scope, "event.subscribe", "inference_task", id.string, at: now)
        }
    }

    /// Whether a stream of this topic ends when the object becomes invisible.
    fileprivate func isOnly(_ object: EventObject) -> Bool {
        switch self {
        case .all: false
        case .case(let id): object == .case(id)
        case .task(let id): object == .task(id)
        }
    }
}
