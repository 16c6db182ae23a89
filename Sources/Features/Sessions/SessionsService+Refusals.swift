import Kernel
import Storage

/// The owner of an invalid token, as far as its signature proves.
package struct TokenOwner: Sendable, Equatable {
    package let institution: InstitutionID
    /// `nil` if the signature is invalid.
    package let user: UserID?
}

extension SessionsService {
    /// The owner in whose trail the rejection of `accessToken` belongs: the institution of a validly signed token that
    /// has expired or was revoked, otherwise the default institution, since the content of other tokens proves nothing.
    package func owner(of accessToken: String) async -> TokenOwner {
        await owner(of: accessToken, .access)
    }

    package func owner(ofTicket ticket: String) async -> TokenOwner {
        await owner(of: ticket, .ticket)
    }

    func owner(of token: String, _ use: SessionClaims.Use) async -> TokenOwner {
        // Checked at a time when it had not expired.
        let claims = await signer.claims(token, use: use, at: Timestamp(microseconds: 0))
        return TokenOwner(institution: claims?.institution ?? .default, user: claims?.user)
    }

    func recordRefusal(of owner: TokenOwner, _ action: String, _ origin: RequestOrigin) async throws {
        try await audit.recordRefusal(
            AuditEntry(
                institution: owner.institution, actor: owner.user, origin: origin, action: action,
                objectType: "session", objectID: nil, outcome: .refused, at: clock()))
    }

    /// Records a failed sign-in; `user` has the given address, but the client is unknown.
    func recordRefusal(_ reason: SignInRefusal, of user: User?, origin: RequestOrigin) async throws {
        refusals.count(reason)
        try await audit.recordRefusal(
            AuditEntry(
                institution: user?.institutionID ?? .default, actor: nil, origin: origin, action: "session.start",
                objectType: "user",
                objectID: user?.id.string, outcome: .refused, at: clock()))
    }

    // MARK: Attempts

    /// Counts attempts of a signed-in user on the own account.
    func admit(_ attempts: [Attempt], _ scope: Scope) async throws {
        try await admit(attempts) {
            AuditEntry(scope, "attempt.throttle", "user", scope.user.string, outcome: .refused, at: clock())
        }
    }

    /// Counts attempts of an unknown client: for `user`'s account if it exists, otherwise for the default institution.
    func admit(
        _ attempts: [Attempt], on user: UserID?, in institution: InstitutionID?, origin: RequestOrigin
    ) async throws {
        try await admit(attempts) {
            AuditEntry(
                institution: institution ?? .default, actor: nil, origin: origin, action: "attempt.throttle",
                objectType: "user", objectID: user?.string, outcome: .refused, at: clock())
        }
    }

    /// An attempt over the limit is recorded as denied: guessing at an account shows in the trail.
    private func admit(_ attempts: [Attempt], orRecord refusal: () -> AuditEntry) async throws {
        do {
            try await throttle.admit(attempts)
        } catch let error as AppError where error.code == .tooManyRequests {
            try await audit.recordRefusal(refusal())
            throw error
        }
    }
}
