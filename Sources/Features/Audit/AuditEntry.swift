import Storage

/// One line of the audit trail: who did what to which object. It names objects by id and holds no patient data.
package struct AuditEntry: Sendable, Equatable {
    /// How it ended.
    package enum Outcome: String, Sendable, SQLConvertible {
        case done, refused, failed
    }

    package let id: ID<AuditEntry>
    package let institution: ID<Institution>
    package let occurredAt: Timestamp
    /// Nil where nobody was signed in.
    package let actor: ID<User>?
    /// `object.verb`, such as `case.update`.
    package let action: String
    /// The object's kind: `case`, `image`, `user`, `session`, …
    package let objectType: String
    package let objectID: String?
    package let outcome: Outcome
    package let requestID: String?
    package let address: String?

    /// An entry of somebody who is signed in.
    package init(
        _ scope: Scope, _ action: String, _ objectType: String, _ objectID: String?, outcome: Outcome = .done,
        at time: Timestamp = .now
    ) {
        self.init(
            institution: scope.institution, actor: scope.user, origin: scope.origin, action: action,
            objectType: objectType, objectID: objectID, outcome: outcome, at: time)
    }

    /// An entry of somebody who is not, or of the service itself.
    package init(
        institution: ID<Institution>, actor: ID<User>?, origin: RequestOrigin, action: String, objectType: String,
        objectID: String?, outcome: Outcome = .done, at time: Timestamp = .now
    ) {
        id = ID()
        self.institution = institution
        occurredAt = time
        self.actor = actor
        self.action = action
        self.objectType = objectType
        self.objectID = objectID
        self.outcome = outcome
        requestID = origin.requestID
        address = origin.address
    }

    init(_ row: SQLRow) throws {
        id = try row.get("id")
        institution = try row.get("institution_id")
        occurredAt = try row.get("occurred_at")
        actor = try row.optional("actor_id")
        action = try row.get("action")
        objectType = try row.get("object_type")
        objectID = try row.optional("object_id")
        outcome = try row.get("outcome")
        requestID = try row.optional("request_id")
        address = try row.optional("address")
    }
}
