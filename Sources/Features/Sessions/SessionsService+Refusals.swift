import Kernel
import Storage

/// Whom a token that is not good stood for, as far as its signature tells.
package struct TokenOwner: Sendable, Equatable {
    package let institution: InstitutionID
    /// Nil where the signature is not ours.
    package let user: UserID?
}

extension SessionsService {
    /// In whose trail the refusal of `accessToken` belongs: of one that we signed and that has expired or was ended, its
    /// institution's; of any other the default institution's, since what it says of itself is worth nothing.
    package func owner(of accessToken: String) async -> TokenOwner {
        await owner(of: accessToken, .access)
    }

    func owner(of token: String, _ use: SessionClaims.Use) async -> TokenOwner {
        // By a clock at which it had not expired.
        let claims = await signer.claims(token, use: use, at: Timestamp(microseconds: 0))
        return TokenOwner(institution: claims?.institution ?? .default, user: claims?.user)
    }

    func recordRefusal(of owner: TokenOwner, _ action: String, _ origin: RequestOrigin) async throws {
        try await audit.recordRefusal(
            AuditEntry(
                institution: owner.institution, actor: owner.user, origin: origin, action: action,
                objectType: "session", objectID: nil, outcome: .refused, at: clock()))
    }

    /// A sign-in that failed; `user` is whose address was given, and nobody is known to have given it.
    func recordRefusal(of user: User?, origin: RequestOrigin) async throws {
        try await audit.recordRefusal(
            AuditEntry(
                institution: user?.institutionID ?? .default, actor: nil, origin: origin, action: "session.start",
                objectType: "user",
                objectID: user?.id.string, outcome: .refused, at: clock()))
    }

    // MARK: Attempts

    /// Counts what somebody who is signed in tries with the own account.
    func admit(_ attempts: [Attempt], _ scope: Scope) async throws {
        try await admit(attempts) {
            AuditEntry(scope, "attempt.throttle", "user", scope.user.string, outcome: .refused, at: clock())
        }
    }

    /// Counts what nobody who is known tries: on `user`'s account where there is such a one, else in the default institution.
    func admit(
        _ attempts: [Attempt], on user: UserID?, in institution: InstitutionID?, origin: RequestOrigin
    ) async throws {
        try await admit(attempts) {
            AuditEntry(
                institution: institution ?? .default, actor: nil, origin: origin, action: "attempt.throttle",
                objectType: "user", objectID: user?.string, outcome: .refused, at: clock())
        }
    }

    /// One attempt too many is a refusal: an account that is being guessed at shows in the trail.
    private func admit(_ attempts: [Attempt], orRecord refusal: () -> AuditEntry) async throws {
        do {
            try await throttle.admit(attempts)
        } catch let error as AppError where error.code == .tooManyRequests {
            try await audit.recordRefusal(refusal())
            throw error
        }
    }
}
