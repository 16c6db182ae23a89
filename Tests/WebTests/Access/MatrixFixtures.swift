import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Additional data for the matrix: extend these two tables when a route has a new kind of object or a body that is
/// validated before the object.
extension PermissionMatrixFixture {
    /// By path parameter; a missing parameter fails the test.
    static let subjects: [String: Subject] = [
        "caseId": .caseContent, "taskId": .result, "reportId": .report, "userId": .user, "modelId": .model,
        "sessionId": .session, "invitationId": .invitation, "institutionId": .institution,
        "uploadId": .caseContent, "maskId": .result, "fileId": .file,
    ]

    /// Forms with their object in the body, by component.
    static let bodySubjects: [String: Subject] = ["InferenceForm": .caseContent, "ReportForm": .caseContent]

    /// Bodies by component; others are sent as `{}`.
    static let bodies: [String: String] = [
        "NewCase": #"{"patientId": "P", "age": 1, "sex": "F"}"#, "RefreshForm": #"{"refresh": "x"}"#,
        "InstitutionForm": #"{"name": "Ward"}"#, "InstitutionUpdate": #"{"name": "Ward"}"#,
        "Approval": #"{"role": "doctor"}"#,
    ]

    /// The id of an object with this relation.
    ///
    /// - Parameter isChange: calls that change something get their own case or account.
    func id(_ subject: Subject, _ relation: Relation, for asker: Asker?, isChange: Bool) async throws -> String {
        guard relation != .unknown else { return UUID().uuidString.lowercased() }
        if subject == .model { return try #require(Self.model) }
        let owner = try owner(relation, for: asker)
        let isFresh = isChange && relation != .deleted
        switch subject {
        case .caseContent: return isFresh ? try await makeCase(owner).string : owner.objects.caseID
        case .result: return owner.objects.task
        case .report: return owner.objects.report
        case .user:
            let isOthers = relation == .colleagues || relation == .elsewhere
            return (isFresh && isOthers ? try await makeMember(.doctor, owner.institution) : owner).user.string
        case .invitation: return try await makeInvitation(owner.institution, isRevoked: relation == .deleted)
        case .session: return try await makeSession(owner)
        case .institution: return owner.institution.string
        case .file: return try #require(owner.objects.file).id.string
        case .model: return ""
        }
    }

    private func makeInvitation(_ home: InstitutionID, isRevoked: Bool) async throws -> String {
        let admin = try #require(members[home]?[.admin])
        let scope = Scope(institution: home, user: admin.user, role: .admin)
        let invitations = clinic.services.users.invitations
        let id = try await invitations.create(scope, InvitationForm(role: "doctor")).invitation.id
        if isRevoked { try await invitations.revoke(scope, id) }
        return id.string
    }

    /// A second sign-in, so that ending it does not sign out its user; for deleted users any id is enough.
    private func makeSession(_ member: Member) async throws -> String {
        let email = "\(member.user)@clinic.org"
        let sessions = clinic.services.sessions
        guard
            let signedIn = try? await sessions.login(
                email: email, password: WebFixture.password, origin: RequestOrigin())
        else { return UUID().uuidString.lowercased() }
        return try await sessions.authenticate(signedIn.tokens.access, origin: RequestOrigin()).session.string
    }

    /// Creates the object of a second id in a path, in the owner's name; if that is impossible, the id is unknown.
    func prepare(_ route: APIRoute, _ path: String, _ owner: Member) async throws -> String {
        if route.path.hasSuffix("{userId}/second-factor/") { await addSecondFactor(path, owner) }
        guard let name = route.pathParameters.filter({ $0.hasSuffix("Id") }).dropFirst().first,
            let id = path.split(separator: "/").compactMap({ CaseID($0) }).first
        else { return path }
        let made: String? =
            switch name {
            case "userId": try? await share(id, owner)
            case "uploadId": try? await begin(id, owner)
            case "maskId": try? await addMask(id, owner)
            default: throw Unclassified(reason: "nothing is known of {\(name)} behind another id")
            }
        return path.replacing("{\(name)}", with: made ?? UUID().uuidString.lowercased())
    }

    /// A started enrolment, to be removed; users with a second factor or deleted users are unchanged.
    private func addSecondFactor(_ path: String, _ owner: Member) async {
        guard let user = path.split(separator: "/").compactMap({ UserID($0) }).first else { return }
        _ = try? await clinic.database.write {
            try $0.execute(
                """
                INSERT INTO second_factors (user_id, institution_id, secret, created_at)
                VALUES (\(user), \(owner.institution), 'sealed', 0)
                """)
        }
    }

    private func share(_ id: CaseID, _ owner: Member) async throws -> String {
        let partner = try await makeMember(.doctor, owner.institution).user.string
        return try await clinic.services.cases.shares.share(owner.author, case: id, ShareForm(userId: partner))
            .user.string
    }

    private func begin(_ id: CaseID, _ owner: Member) async throws -> String {
        try await clinic.services.uploads.create(
            owner.author, case: id, modality: .t1, filename: "t1.nii", size: 10
        ).id.string
    }

    private func addMask(_ id: CaseID, _ owner: Member) async throws -> String {
        let image = HeadPhantom.nifti()
        var file = try await clinic.services.images.receive(limit: WebFixture.uploadLimit)
        try await file.append(Array(image.prefix(352)) + [UInt8](repeating: 0, count: image.count - 352))
        return try await clinic.services.expertMasks.add(
            owner.author, case: id, convention: "brats2023", file: try await file.finish()
        ).id.string
    }

    /// The URL of a file as signed for the caller, or for its owner if the caller is anonymous; for an unknown file its
    /// id is altered.
    func signedAddress(_ relation: Relation, for asker: Asker?) throws -> String {
        let owner = try owner(relation == .unknown ? .colleagues : relation, for: asker)
        let file = try #require(owner.objects.file)
        let address = clinic.services.files.path(asker?.scope ?? owner.author, file)
        guard relation == .unknown else { return address }
        return address.replacing(file.id.string, with: UUID().uuidString.lowercased())
    }

    /// The owner of an object with this relation; an anonymous client sees the first institution like its doctor.
    func owner(_ relation: Relation, for asker: Asker?) throws -> Member {
        let here = asker?.institution ?? homes[0]
        let away = try #require(homes.first { $0 != here })
        switch relation {
        case .own: return try #require(asker?.member ?? members[here]?[.doctor])
        case .colleagues: return try #require(colleagues[here])
        case .elsewhere: return try #require(colleagues[away])
        case .deleted, .unknown: return try #require(departed[here])
        }
    }

    private static var model: String? { WebFixture.models.list().first?.id?.string }

    /// The relations tested for a call; a single `nil` if it has no object.
    static func relations(of route: APIRoute) throws -> (subject: Subject?, relations: [Relation?]) {
        let named = route.pathParameters.filter { $0.hasSuffix("Id") }
        // The first of several is the object; `prepare` handles the others.
        for name in named { _ = try subject(of: name) }
        guard let subject = try named.first.map(subject(of:)) ?? route.component.flatMap({ bodySubjects[$0] }) else {
            return (nil, [nil])
        }
        return (subject, subject == .model ? [.own, .unknown] : Relation.allCases)
    }

    private static func subject(of name: String) throws -> Subject {
        guard let subject = subjects[name] else { throw Unclassified(reason: "nothing is known of {\(name)}") }
        return subject
    }

    /// A route missing from the matrix.
    struct Unclassified: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }
}

extension APIRoute {
    var isRemovalOfUser: Bool { method == .delete && pathParameters == ["userId"] && path.hasSuffix("{userId}/") }

    /// The name of the call's form.
    var component: String? {
        guard case .json(let schema)? = body, case .object(let keywords) = schema.json,
            case .text(let reference)? = keywords["$ref"]
        else { return nil }
        return reference.split(separator: "/").last.map(String.init)
    }
}
