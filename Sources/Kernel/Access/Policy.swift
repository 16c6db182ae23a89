/// What can be done to an institution's objects.
package enum Action: String, Sendable, CaseIterable {
    case readUsers = "user.read"
    case changeUsers = "user.change"
    case createCase = "case.create"
    case readCase = "case.read"
    case changeCase = "case.change"
    case deleteCase = "case.delete"
    case shareCase = "case.share"
    case restoreCase = "case.restore"
    case uploadImage = "image.upload"
    case startInference = "inference.start"
    case readResult = "result.read"
    case giveFeedback = "result.feedback"
    case writeReport = "report.write"
    case readReport = "report.read"
    case signReport = "report.sign"
    case manageModels = "model.manage"
    case readAudit = "audit.read"
    /// The administration pages.
    case administer = "admin.open"
    case manageInstitutions = "institution.manage"
}

/// How far an action reaches.
package enum Reach: Sendable, Equatable {
    case nothing
    /// Objects of the user's own cases, and of those shared with the user as far as the share goes.
    case own
    /// The institution's completed cases, shown without patient id and free text.
    case anonymised
    /// Everything of the institution.
    case institution
    /// The institutions themselves.
    case platform
}

/// Who may do what: the one table.
package enum Policy {
    package static func reach(of action: Action, for role: Role) -> Reach {
        switch (role, action) {
        case (_, .manageInstitutions): .nothing
        // A signature is a radiologist's, whoever else may write.
        case (.admin, .signReport), (.doctor, .signReport): .nothing
        case (.admin, _): .institution
        case (_, .readUsers), (_, .changeUsers), (_, .manageModels), (_, .readAudit), (_, .restoreCase),
            (_, .administer):
            .nothing
        case (.researcher, .readCase), (.researcher, .readResult): .anonymised
        case (.researcher, _): .nothing
        case (.radiologist, .deleteCase), (.radiologist, .shareCase): .own
        case (.radiologist, _): .institution
        case (.doctor, _): .own
        }
    }

    /// The same for somebody in particular: superusers look after the institutions, and in one that is not their own
    /// they administer but write nothing clinical.
    package static func reach(of action: Action, _ scope: Scope) -> Reach {
        if action == .manageInstitutions { return scope.isSuperuser ? .platform : .nothing }
        if scope.isVisiting && clinical.contains(action) { return .nothing }
        return reach(of: action, for: scope.role)
    }

    /// What puts the user's name to a patient's record, and so needs an account of that institution.
    private static let clinical: Set<Action> = [
        .createCase, .uploadImage, .startInference, .giveFeedback, .writeReport, .signReport,
    ]

    /// What a share must allow for this; nil where only the owner may.
    package static func share(neededFor action: Action) -> ShareAccess? {
        switch action {
        case .readCase, .readResult, .readReport: .read
        case .changeCase, .uploadImage, .startInference, .giveFeedback, .writeReport: .write
        default: nil
        }
    }

    /// Refuses what may never be done by this user, whatever the object.
    package static func require(_ action: Action, _ scope: Scope) throws {
        guard reach(of: action, scope) != .nothing else {
            throw AppError(.forbidden, "Your role does not permit this action.")
        }
    }

    /// Refuses what an institution's administrator would do to a superuser, who stands above all institutions: to the account,
    /// its second factor and its sessions.
    package static func requireRank(_ scope: Scope, aboveSuperuser isSuperuser: Bool) throws {
        guard scope.isSuperuser || !isSuperuser else {
            throw AppError(.forbidden, "Only superusers can change a superuser's account or end its sessions.")
        }
    }
}
