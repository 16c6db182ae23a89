/// The operations on an institution's objects.
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

/// The extent of a permission.
package enum Reach: Sendable, Equatable {
    case nothing
    /// Objects of the user's own cases, and of shared cases as far as the share allows.
    case own
    /// The institution's completed cases, without patient id and free text.
    case anonymised
    /// All objects of the institution.
    case institution
    /// The institutions themselves.
    case platform
}

/// The permission table.
package enum Policy {
    package static func reach(of action: Action, for role: Role) -> Reach {
        switch (role, action) {
        case (_, .manageInstitutions): .nothing
        // Only a radiologist signs, regardless of who may write.
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

    /// The same for a specific user: in other institutions, superusers may administer but not write clinical data.
    package static func reach(of action: Action, _ scope: Scope) -> Reach {
        if action == .manageInstitutions { return scope.isSuperuser ? .platform : .nothing }
        if scope.isVisiting && clinical.contains(action) { return .nothing }
        return reach(of: action, for: scope.role)
    }

    /// Actions that put the user's name into a patient's record, and so require an account of that institution.
    private static let clinical: Set<Action> = [
        .createCase, .uploadImage, .startInference, .giveFeedback, .writeReport, .signReport,
    ]

    /// The share access that an action requires; `nil` if only the owner may perform it.
    package static func share(neededFor action: Action) -> ShareAccess? {
        switch action {
        case .readCase, .readResult, .readReport: .read
        case .changeCase, .uploadImage, .startInference, .giveFeedback, .writeReport: .write
        default: nil
        }
    }

    /// Rejects actions that this user may never perform, on any object.
    package static func require(_ action: Action, _ scope: Scope) throws {
        guard reach(of: action, scope) != .nothing else {
            throw AppError(.forbidden, "Your role does not permit this action.")
        }
    }

    /// Prevents an institution's administrator from changing a superuser's account, second factor or sessions.
    package static func requireRank(_ scope: Scope, aboveSuperuser isSuperuser: Bool) throws {
        guard scope.isSuperuser || !isSuperuser else {
            throw AppError(.forbidden, "Only superusers can change a superuser's account or end its sessions.")
        }
    }
}
