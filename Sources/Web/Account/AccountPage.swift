import Features

/// The user's own account: profile, second factor and active sessions.
struct AccountPage: Sendable {
    /// The result of the previous page; URLs contain only its key.
    enum Notice: String {
        case disabled, ended, email

        var words: String {
            switch self {
            case .disabled: "Two-factor authentication is off."
            case .ended: "Session ended."
            case .email: "Email address changed. Use the new address to sign in."
            }
        }
    }

    /// The result of the previous form.
    struct Outcome: Sendable {
        var notice: Notice?
        var errors: [String] = []
        /// The rejected address.
        var email: String?
    }

    /// A secret pending confirmation.
    struct Enrolment: Sendable {
        /// In groups of four letters, for reading.
        let groups: [String]
        let uri: String
        let picture: String
    }

    /// An active session.
    struct Row: Sendable {
        let id: String
        /// Such as `Firefox on Linux`.
        let device: String
        /// The header that it was read from.
        let userAgent: String
        let address: String
        let since: String
        let used: String
        let isCurrent: Bool
    }

    let title = "Your account"
    let userName: String
    let errors: [String]
    let notice: String?
    let email: String
    /// The rejected input, otherwise the current address.
    let typedEmail: String
    let role: String
    let mustEnrol: Bool
    /// False for an account of an identity provider, which manages its address and factors.
    let hasPassword: Bool
    let isEnabled: Bool
    /// Whether enrolment can be started.
    let isOff: Bool
    let isRequired: Bool
    let codesLeft: Int
    let enrolment: Enrolment?
    let rows: [Row]
    let hasRows: Bool

    init(
        user: User, factor: SecondFactorStatus, enrolment: SecondFactorEnrolment?, sessions: [SessionSummary],
        mustEnrol: Bool, hasPassword: Bool, outcome: Outcome
    ) {
        userName = user.fullName
        errors = outcome.errors
        notice = errors.isEmpty ? outcome.notice?.words : nil
        email = user.email
        typedEmail = outcome.email ?? user.email
        role = user.role.rawValue
        self.mustEnrol = mustEnrol
        self.hasPassword = hasPassword
        isEnabled = factor.isEnabled
        isOff = !factor.isEnabled && enrolment == nil
        isRequired = factor.isRequired
        codesLeft = factor.recoveryCodesLeft
        self.enrolment = enrolment.map(Enrolment.init)
        rows = sessions.map(Row.init)
        hasRows = !rows.isEmpty
    }
}

extension AccountPage.Enrolment {
    fileprivate init(_ enrolment: SecondFactorEnrolment) {
        var rest = enrolment.secret[...]
        var groups: [String] = []
        while !rest.isEmpty {
            groups.append(String(rest.prefix(4)))
            rest = rest.dropFirst(4)
        }
        self.groups = groups
        uri = enrolment.uri
        picture = AccountRoutes.picturePath
    }
}

extension AccountPage.Row {
    fileprivate init(_ session: SessionSummary) {
        id = session.id.string
        device = DeviceName.of(session.userAgent)
        userAgent = session.userAgent ?? ""
        address = session.address ?? "unknown"
        since = Format.time(session.createdAt.description)
        used = Format.time(session.lastUsedAt.description)
        isCurrent = session.isCurrent
    }
}

/// The recovery codes, shown once.
struct RecoveryCodesPage: Sendable {
    let title = "Recovery codes"
    let userName: String
    let errors: [String] = []
    let codes: [String]

    init(user: User, _ codes: RecoveryCodes) {
        userName = user.fullName
        self.codes = codes.recoveryCodes
    }
}
