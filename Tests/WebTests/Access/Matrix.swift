import Features
import Kernel

@testable import Web

/// The owner of an object relative to the caller: by the institution acted in, except for one's own objects.
enum Relation: String, CaseIterable, Sendable {
    case own, colleagues, elsewhere, deleted, unknown
}

/// The permission matrix's expectation for a call.
enum Expectation: String, Sendable {
    /// Open to anonymous clients; a wrong password or token in the form still gives 401.
    case open
    /// Admitted: performed, or rejected for its content or the object's state.
    case allowed
    case unauthenticated
    case forbidden
    /// Does not exist or is invisible.
    case missing

    func fits(_ status: Int) -> Bool {
        switch self {
        case .open: Self.allowed.fits(status) || status == 401
        case .allowed: (200..<300).contains(status) || [304, 400, 409, 412, 415, 422, 428].contains(status)
        case .unauthenticated: status == 401
        case .forbidden: status == 403
        case .missing: status == 404
        }
    }
}

/// The kind of an object for access rules.
enum Subject: String, Sendable {
    /// Belongs to an institution and, through its case, to its creator.
    case caseContent
    case result
    case report
    /// A user.
    case user
    /// Belongs to the institution and to no user.
    case invitation
    /// A sign-in; only visible to its user.
    case session
    /// Managed by superusers.
    case institution
    /// Visible to all signed-in users; belongs to no one.
    case model
    /// Opened by a signed URL.
    case file

    /// The action that determines whether the object is visible.
    var reading: Action? {
        switch self {
        case .caseContent: .readCase
        case .result: .readResult
        case .report: .readReport
        case .user: .readUsers
        case .invitation: .changeUsers
        case .session, .institution, .model, .file: nil
        }
    }
}

extension Reach {
    /// The matrix's cases are completed, the only condition of an anonymised reach.
    func covers(_ relation: Relation, in scope: Scope) -> Bool {
        switch (self, relation) {
        case (_, .elsewhere), (_, .deleted), (_, .unknown), (.nothing, _): false
        // A visitor's own objects are in the home institution.
        case (_, .own) where scope.isVisiting: false
        case (.own, _): relation == .own
        case (.anonymised, _), (.institution, _), (.platform, _): true
        }
    }
}

/// One cell of the matrix: whether a user (`nil`: an anonymous client) may make this call on this object.
struct Cell: Sendable {
    let route: APIRoute
    let scope: Scope?
    /// `nil` if the call has no object.
    let relation: Relation?

    /// The expectation by `Policy`, independent of the service's implementation.
    func expectation(of subject: Subject?) -> Expectation {
        switch route.access {
        case .anyone: return .open
        case .signedAddress:
            // Nonexistent objects have no signature.
            guard let relation, relation != .unknown else { return .forbidden }
            // An anonymous client has the owner's URL, whose owner may have left; other URLs were signed for their
            // users and open what these may see.
            guard let scope else { return relation == .deleted ? .forbidden : .allowed }
            return Policy.reach(of: .readResult, scope).covers(relation, in: scope) ? .allowed : .missing
        case .signedIn:
            guard scope != nil else { return .unauthenticated }
            guard let relation, let subject else { return .allowed }
            if subject == .model { return relation == .unknown ? .missing : .allowed }
            return relation == .own ? .allowed : .missing
        case .allowed(let action):
            guard let scope else { return .unauthenticated }
            let reach = Policy.reach(of: action, scope)
            guard reach != .nothing else { return .forbidden }
            guard let relation, let subject else { return .allowed }
            // Only deleted cases can be restored.
            if action == .restoreCase { return relation == .deleted ? .allowed : .missing }
            return expectation(reach, relation, subject, scope)
        }
    }

    private func expectation(_ reach: Reach, _ relation: Relation, _ subject: Subject, _ scope: Scope) -> Expectation {
        guard let reading = subject.reading else { return relation == .unknown ? .missing : .allowed }
        if reach.covers(relation, in: scope) { return .allowed }
        return Policy.reach(of: reading, scope).covers(relation, in: scope) ? .forbidden : .missing
    }
}
