import Storage

/// An entry of the audit trail: who did what to which object. It refers to objects by id and contains no patient data.
package struct AuditEntry: Sendable, Equatable {
    /// The result of the action.
    package enum Outcome: String, Sendable, CaseIterable, SQLConvertible {
        case done, refused, failed
    }

    package let id: ID<AuditEntry>
    package let institution: InstitutionID
    package let occurredAt: Timestamp
    /// `nil` if the user was not signed in.
    package let actor: UserID?
    /// `object.verb`, such as `case.update`.
    package let action: String
    /// The object's kind: `case`, `image`, `user`, `session`, …
    package let objectType: String
    package let objectID: String?
    package let outcome: Outcome
    package let requestID: String?
    package let address: String?
    /// The fields that a change modified; empty for other actions.
    package var changes: [FieldChange]
    /// Its position in the chain; `nil` until it is sealed.
    package private(set) var seal: AuditSeal?

    /// An entry of a signed-in user.
    package init(
        _ scope: Scope, _ action: String, _ objectType: String, _ objectID: String?, changes: [FieldChange?] = [],
        outcome: Outcome = .done, at time: Timestamp = .now
    ) {
        self.init(
            institution: scope.institution, actor: scope.user, origin: scope.origin, action: action,
            objectType: objectType, objectID: objectID, changes: changes, outcome: outcome, at: time)
    }

    /// An entry of an anonymous user or of the service itself.
    package init(
        institution: InstitutionID, actor: UserID?, origin: RequestOrigin, action: String, objectType: String,
        objectID: String?, changes: [FieldChange?] = [], outcome: Outcome = .done, at time: Timestamp = .now
    ) {
        id = .timeOrdered(at: time)
        self.institution = institution
        occurredAt = time
        self.actor = actor
        self.action = action
        self.objectType = objectType
        self.objectID = objectID
        self.outcome = outcome
        requestID = origin.requestID
        address = origin.address
        self.changes = changes.compactMap(\.self)
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
        changes = [FieldChange](stored: try row.optional("changes"))
        seal = try AuditSeal(row)
    }
}

extension AuditEntry: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, institutionId, occurredAt, actorId, action, objectType, objectId, outcome, requestId, address
        case changes, sequence, previousHash, hash, sealedUntil
    }

    /// Every key is always present, null without a value; times keep microseconds, since they are hashed.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(institution, forKey: .institutionId)
        try container.encode(occurredAt, forKey: .occurredAt)
        try container.encode(actor, forKey: .actorId)
        try container.encode(action, forKey: .action)
        try container.encode(objectType, forKey: .objectType)
        try container.encode(objectID, forKey: .objectId)
        try container.encode(outcome.rawValue, forKey: .outcome)
        try container.encode(requestID, forKey: .requestId)
        try container.encode(address, forKey: .address)
        try container.encode(changes, forKey: .changes)
        try container.encode(seal?.sequence, forKey: .sequence)
        try container.encode(seal?.previousHash, forKey: .previousHash)
        try container.encode(seal?.hash, forKey: .hash)
        try container.encode(seal?.sealedUntil, forKey: .sealedUntil)
    }
}
