import Synchronization

/// Why a sign-in was refused.
package enum SignInRefusal: String, Sendable, CaseIterable {
    /// Unknown address, wrong password or deactivated account: the client is told the same.
    case credentials
    /// A wrong or used code of the second factor.
    case code
    /// The account is pending approval.
    case pending
    /// Too many attempts.
    case throttled
    /// By the identity provider, or after it: the log has the reason.
    case singleSignOn = "single_sign_on"
}

/// Counts the sign-ins that this process refused.
package final class SignInRefusals: Sendable {
    private let state = Mutex<[SignInRefusal: Int]>([:])

    package var counts: [SignInRefusal: Int] { state.withLock { $0 } }

    func count(_ reason: SignInRefusal) {
        state.withLock { $0[reason, default: 0] += 1 }
    }
}
