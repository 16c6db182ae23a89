import Features
import Kernel

@testable import Web

/// Whose an object is, seen by the one who asks: from the institution that is acted in, but for what is one's own.
enum Relation: String, CaseIterable, Sendable {
    case own, colleagues, elsewhere, deleted, unknown
}

/// What the permission matrix expects of one call.
enum Expectation: String, Sendable {
    /// Open to strangers; a wrong password or token in the form is 401 all the same.
    case open
    /// Let in: done, or refused for its content or the object's state.
    case allowed
    case unauthenticated
    case forbidden
    /// Not there, or not to be known of.
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

/// What an object is, as the rules of access see it.
enum Subject: String, Sendable {
    /// Belongs to an institution and, by its case, to whoever made that.
    case caseContent
    case result
    case report
    /// Somebody with an account.
    case user
    /// Belongs to the institution and to nobody in it.
    case invitation
    /// One sign-in; nobody else's concern.
    case session
    /// Looked after by superusers.
    case institution
    /// Seen by everybody who is signed in; nobody's own.
    case model
    /// What a signed address opens.
    case file

    /// The action that decides whether one may know that the object is there.
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
    /// The matrix's cases are completed, which is all that an anonymised reach asks for.
    func covers(_ relation: Relation, in scope: Scope) -> Bool {
        switch (self, relation) {
        case (_, .elsewhere), (_, .deleted), (_, .unknown), (.nothing, _): false
        // What a visitor has is at home.
        case (_, .own) where scope.isVisiting: false
        case (.own, _): relation == .own
        case (.anonymised, _), (.institution, _), (.platform, _): true
        }
    }
}

/// One question of the matrix: may somebody (nil: a stranger) make this call on this object.
struct Cell: Sendable {
    let route: APIRoute
    let scope: Scope?
    /// Nil where the call names no object.
    let relation: Relation?

    /// The answer by `Policy`, independent of how the service comes to its own.
    func expectation(of subject: Subject?) -> Expectation {
        switch route.access {
        case .anyone: return .open
        case .signedAddress:
            // Nobody has signed what never was.
            guard let relation, relation != .unknown else { return .forbidden }
            // A stranger has found what its owner was given, who may have left; everybody else's was signed for them, and opens
            // what they may see.
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
            // What is deleted is all that can be brought back.
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
