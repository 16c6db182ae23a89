import Kernel

/// Why a sign-in through the provider fails. Logs contain the case's name; the user gets `error`. docs/single-sign-on.md
/// explains each.
package enum SingleSignOnRefusal: String, Error, CaseIterable {
    // The attempt
    /// No cookie of this browser belongs to the response, or it has expired.
    case attemptExpired = "attempt_expired"
    /// The user or the provider's policy declined.
    case accessDenied = "access_denied"
    /// The provider reported another error.
    case providerError = "provider_error"

    // The provider
    case unreachable
    case invalidDiscovery = "invalid_discovery"
    case invalidKeys = "invalid_keys"
    /// The token endpoint does not accept the client or its secret.
    case clientRejected = "client_rejected"
    case codeRejected = "code_rejected"
    case invalidUserInfo = "invalid_userinfo"

    // The ID token
    case malformedToken = "malformed_token"
    case algorithm
    case unknownKey = "unknown_key"
    case signature
    case issuer
    case audience
    case expiredToken = "expired_token"
    case issuedInFuture = "issued_in_future"
    case nonce
    case subject

    // The account
    case noRole = "no_role"
    case noEmail = "no_email"
    case emailTaken = "email_taken"
    case noAccount = "no_account"
    case unknownInstitution = "unknown_institution"
    case otherInstitution = "other_institution"
    case superuser
    case deactivated
    case pending

    /// The sentences for the user: what is wrong and what to do, without the provider's text.
    package func error(provider: String) -> AppError {
        switch self {
        case .attemptExpired:
            AppError(.unauthenticated, "This sign-in has expired or was started in another browser. Try again.")
        case .accessDenied: AppError(.forbidden, "Sign-in was cancelled, or \(provider) does not allow it.")
        case .unreachable, .invalidDiscovery, .invalidKeys:
            AppError(
                .unavailable, "\(provider) is not available (\(rawValue)). Try again later.",
                retryAfter: 60)
        case .clientRejected:
            AppError(
                .unavailable, "\(provider) does not accept this server (\(rawValue)). Tell the operator.",
                retryAfter: 60)
        case .providerError, .codeRejected, .invalidUserInfo, .malformedToken, .algorithm, .unknownKey, .signature,
            .issuer, .audience, .expiredToken, .issuedInFuture, .nonce, .subject:
            AppError(
                .unauthenticated,
                "The response of \(provider) was rejected (\(rawValue)). Try again, and tell the operator if it persists."
            )
        case .noRole, .noEmail, .emailTaken, .noAccount, .unknownInstitution, .otherInstitution, .superuser,
            .deactivated:
            AppError(.forbidden, accountSentence(provider))
        case .pending: AppError(.approvalPending, "Your account is pending approval by an administrator.")
        }
    }

    private func accountSentence(_ provider: String) -> String {
        switch self {
        case .noRole: "Your account at \(provider) has no role for NeuroAI. Ask an administrator."
        case .noEmail: "\(provider) sent no valid email address for your account. Ask an administrator."
        case .emailTaken: "Your email address cannot be used to create an account. Ask an administrator."
        case .noAccount: "You have no account on this server. Ask an administrator."
        case .unknownInstitution: "Your account at \(provider) belongs to no institution of this server."
        case .otherInstitution: "Your account belongs to another institution of this server. Ask an administrator."
        case .superuser: "Superusers sign in with their password."
        default: "Your account is deactivated. Ask an administrator."
        }
    }
}
