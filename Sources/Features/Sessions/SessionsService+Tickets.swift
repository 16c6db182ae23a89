import Kernel
import Storage

/// A token that may appear in a URL: it opens event streams only, for a short time.
package struct EventTicket: Sendable, Encodable {
    package let ticket: String
    package let expiresAt: Timestamp
}

extension SessionsService {
    /// Short, because URLs are logged by proxies.
    private static let ticketLifetime: Duration = .seconds(60)

    /// A ticket for clients that can send neither headers nor a subprotocol. It ends with the session.
    package func ticket(_ principal: Principal) async throws -> EventTicket {
        let now = clock()
        let expiry = now.advanced(by: Self.ticketLifetime)
        let claims = SessionClaims(
            use: .ticket, user: principal.scope.user, institution: principal.scope.home, session: principal.session,
            id: ID(), issuedAt: now.seconds, expiresAt: expiry.seconds)
        try await audit.record(
            AuditEntry(principal.scope, "session.ticket", "session", principal.session.string, at: now))
        return EventTicket(ticket: try await signer.sign(claims), expiresAt: expiry)
    }

    /// The user of a ticket. Its stream may last as long as one that an access token of now would open.
    package func authenticate(
        ticket: String, origin: RequestOrigin, institution: InstitutionID? = nil
    ) async throws -> Principal {
        var principal = try await authenticate(ticket, as: .ticket, origin: origin, institution: institution)
        principal.tokenExpiresAt = clock().advanced(by: settings.accessLifetime)
        principal.needsRenewal = false
        return principal
    }
}
