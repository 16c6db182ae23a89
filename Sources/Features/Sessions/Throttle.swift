import Kernel
import Storage

/// A limit for one kind of attempt: a burst, replenished over the window.
package struct ThrottleRule: Sendable, Equatable {
    let kind: String
    package let attempts: Int
    package let window: Duration

    package init(_ kind: String, attempts: Int, window: Duration) {
        self.kind = kind
        self.attempts = max(1, attempts)
        self.window = window
    }

    /// Microseconds until another attempt is allowed.
    var interval: Int64 { window.microseconds / Int64(attempts) }
}

/// The operator's limits for repeated attempts.
package struct ThrottleSettings: Sendable {
    /// Failed sign-ins per account.
    package var account: ThrottleRule
    /// Failed sign-ins per network address.
    package var address: ThrottleRule
    /// New accounts per network address.
    package var registrations: ThrottleRule
    /// Changes of email address per user: each reveals whether an address is taken.
    package var emailChanges: ThrottleRule

    /// The window for failed sign-ins.
    package static let signInWindow: Duration = .seconds(15 * 60)
    /// The window for new accounts and changes of email address.
    package static let accountWindow: Duration = .seconds(3600)

    package init(account: Int = 10, address: Int = 100, registrations: Int = 60, emailChanges: Int = 10) {
        self.account = ThrottleRule("account", attempts: account, window: Self.signInWindow)
        self.address = ThrottleRule("address", attempts: address, window: Self.signInWindow)
        self.registrations = ThrottleRule("registration", attempts: registrations, window: Self.accountWindow)
        self.emailChanges = ThrottleRule("email", attempts: emailChanges, window: Self.accountWindow)
    }
}

/// An attempt, counted under its key.
struct Attempt: Sendable {
    let rule: ThrottleRule
    let name: String

    init(rule: ThrottleRule, name: String) {
        self.rule = rule
        self.name = name
    }

    /// By the network that the address belongs to.
    init(rule: ThrottleRule, address: String) {
        self.init(rule: rule, name: NetworkAddress(address)?.network ?? address)
    }
}

/// Limits repeated attempts. The counts are rows, so they apply across server processes.
struct Throttle: Sendable {
    let database: any Database
    let box: SecretBox
    let clock: @Sendable () -> Timestamp

    /// Counts the attempts before they are made, so that concurrency does not bypass the limit.
    ///
    /// - Throws: too many requests, with the seconds to wait, if one of them exceeds its limit.
    func admit(_ attempts: [Attempt]) async throws {
        guard !attempts.isEmpty else { return }
        let now = clock()
        let wait = try await database.write { connection in
            let store = ThrottleStore(connection)
            return try attempts.map { try store.take(key($0), $0.rule, at: now) }.max() ?? 0
        }
        guard wait == 0 else {
            let seconds = Int((wait + 999_999) / 1_000_000)
            throw AppError(.tooManyRequests, "Too many attempts. Try again later.", retryAfter: seconds)
        }
    }

    /// After a success: resets the account's failures and returns the address's attempts.
    func forgive(_ attempts: [Attempt], account: ThrottleRule) async throws {
        let now = clock()
        try await database.write { connection in
            let store = ThrottleStore(connection)
            for attempt in attempts {
                if attempt.rule.kind == account.kind {
                    try store.clear(key(attempt))
                } else {
                    try store.giveBack(key(attempt), attempt.rule, at: now)
                }
            }
        }
    }

    func deleteFree() async throws {
        let now = clock()
        try await database.write { try ThrottleStore($0).deleteFree(before: now) }
    }

    private func key(_ attempt: Attempt) -> String {
        box.digest("\(attempt.rule.kind)\u{0}\(attempt.name)")
    }
}
