/// What can be done to an institution's objects.
package enum Action: String, Sendable, CaseIterable {
    case readUsers = "user.read"
    case changeUsers = "user.change"
    case createCase = "case.create"
    case readCase = "case.read"
    case changeCase = "case.change"
    case deleteCase = "case.delete"
    case uploadImage = "image.upload"
    case startInference = "inference.start"
    case readResult = "result.read"
    case giveFeedback = "result.feedback"
    case writeReport = "report.write"
    case readReport = "report.read"
    case manageModels = "model.manage"
    case readAudit = "audit.read"
}

/// How far an action reaches.
package enum Reach: Sendable, Equatable {
    case nothing
    /// Objects of the user's own cases.
    case own
    /// The institution's completed cases, shown without patient id and free text.
    case anonymised
    /// Everything of the institution.
    case institution
}

/// Who may do what: the one table.
package enum Policy {
    package static func reach(of action: Action, for role: Role) -> Reach {
        switch (role, action) {
        case (.admin, _): .institution
        case (_, .readUsers), (_, .changeUsers), (_, .manageModels), (_, .readAudit): .nothing
        case (.researcher, .readCase), (.researcher, .readResult): .anonymised
        case (.researcher, _): .nothing
        case (.radiologist, .deleteCase): .own
        case (.radiologist, _): .institution
        case (.doctor, _): .own
        }
    }

    /// Refuses what the role may never do, whatever the object.
    package static func require(_ action: Action, _ scope: Scope) throws {
        guard reach(of: action, for: scope.role) != .nothing else {
            throw AppError(.forbidden, "Your role does not allow this.")
        }
    }
}
