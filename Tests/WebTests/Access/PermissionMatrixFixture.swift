import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Two institutions with a user in every role, a superuser and a colleague, each with a completed case.
struct PermissionMatrixFixture: Sendable {
    /// A user with the user's objects.
    struct Member: Sendable {
        let user: UserID
        let role: Role
        let institution: InstitutionID
        let token: String
        let session: SessionID
        let isSuperuser: Bool
        var objects = Objects()

        /// For creating cases in the name of roles that may not.
        var author: Scope { Scope(institution: institution, user: user, role: .doctor, session: session) }
    }

    /// A caller in an institution: superusers also call in others'.
    struct Asker: Sendable {
        let member: Member
        let institution: InstitutionID

        var scope: Scope {
            let home = Scope(
                institution: member.institution, user: member.user, role: member.role, isSuperuser: member.isSuperuser,
                session: member.session)
            return institution == member.institution ? home : home.visiting(institution)
        }

        /// The name in test output.
        var name: String {
            let rank = member.isSuperuser ? "superuser" : member.role.rawValue
            return scope.isVisiting ? "visiting \(rank)" : rank
        }
    }

    /// The ids of a completed case and its related objects.
    struct Objects: Sendable {
        var caseID = CaseID().string
        var task = ID<InferenceTask>().string
        var report = ID<Report>().string
        var file: ResultFile?
    }

    let clinic: WebFixture
    let homes: [InstitutionID]
    private(set) var members: [InstitutionID: [Role: Member]] = [:]
    private(set) var superusers: [InstitutionID: Member] = [:]
    private(set) var colleagues: [InstitutionID: Member] = [:]
    /// Users whose case and account have been deleted.
    private(set) var departed: [InstitutionID: Member] = [:]

    init(_ clinic: WebFixture) async throws {
        self.clinic = clinic
        let other = InstitutionID()
        homes = [InstitutionID.default, other]
        try await clinic.database.write {
            try $0.execute("INSERT INTO institutions (id, name, created_at) VALUES (\(other), \("Other"), 0)")
        }
        for home in homes {
            for role in Role.allCases { members[home, default: [:]][role] = try await makeMember(role, home) }
            superusers[home] = try await makeMember(.admin, home, isSuperuser: true)
            colleagues[home] = try await makeMember(.doctor, home)
            departed[home] = try await makeMember(.doctor, home)
        }
        try await completeCases()
        for home in homes { try await remove(try #require(departed[home])) }
    }

    // MARK: Users

    /// All signed-in users: every role at home, superusers at home and visiting.
    var askers: [Asker] {
        let atHome = homes.flatMap { home in
            (Role.allCases.map { members[home]?[$0] } + [superusers[home]]).compactMap { $0 }
        }
        return atHome.map { Asker(member: $0, institution: $0.institution) }
            + homes.flatMap { home in
                superusers.values.filter { $0.institution != home }.map { Asker(member: $0, institution: home) }
            }
    }

    /// A new user with the same role and institution.
    func newcomer(like asker: Asker?) async throws -> Asker? {
        guard let asker else { return nil }
        let (home, place) = (asker.member.institution, asker.institution)
        let member = try await makeMember(asker.member.role, home, isSuperuser: asker.member.isSuperuser)
        return Asker(member: member, institution: place)
    }

    func makeMember(_ role: Role, _ home: InstitutionID, isSuperuser: Bool = false) async throws -> Member {
        let sessions = clinic.services.sessions
        let id = UserID()
        var user = User(
            id: id, institutionID: home, email: "\(id)@clinic.org", firstName: "Ada", lastName: "Lovelace",
            role: role, institution: "", specialty: "", phoneNumber: "", isEmailVerified: false,
            createdAt: .now, updatedAt: .now)
        user.isSuperuser = isSuperuser
        let hash = try await sessions.hasher.hash(WebFixture.password)
        try await clinic.database.write { [user] in try UserStore($0).insert(user, passwordHash: hash) }
        let signedIn = try await sessions.login(
            email: user.email, password: WebFixture.password, origin: RequestOrigin())
        let token = signedIn.tokens.access
        let session = try await sessions.authenticate(token, origin: RequestOrigin()).session
        return Member(
            user: id, role: role, institution: home, token: token, session: session, isSuperuser: isSuperuser)
    }

    private func remove(_ member: Member) async throws {
        let admin = try #require(members[member.institution]?[.admin])
        let scope = Scope(institution: admin.institution, user: admin.user, role: .admin)
        if let id = CaseID(member.objects.caseID) { try await clinic.services.cases.delete(scope, id) }
        try await clinic.services.users.delete(scope, member.user)
    }

    // MARK: Cases

    func makeCase(_ member: Member) async throws -> CaseID {
        var form = CaseForm()
        form[.patientID] = .value("PAT-1")
        form[.age] = .value(61)
        form[.sex] = .value("F")
        return try await clinic.services.cases.create(member.author, form).id
    }

    /// One that no other cell uses, since it may be restored.
    func makeDeletedCase(for asker: Asker?) async throws -> String {
        let owner = try owner(.colleagues, for: asker)
        let admin = try #require(members[owner.institution]?[.admin])
        let id = try await makeCase(owner)
        try await clinic.services.cases.delete(
            Scope(institution: admin.institution, user: admin.user, role: .admin), id)
        return id.string
    }

    private mutating func completeCases() async throws {
        let image = Array(HeadPhantom.nifti())
        try await change { try await $0.begin($1, image) }
        try await clinic.work()
        try await change { try await $0.collect($1) }
    }

    /// Replaces every member by the result of `body`.
    private mutating func change(_ body: (PermissionMatrixFixture, Member) async throws -> Member) async throws {
        for home in homes {
            for role in Role.allCases {
                let member = try await body(self, try #require(members[home]?[role]))
                members[home]?[role] = member
            }
            let superuser = try await body(self, try #require(superusers[home]))
            superusers[home] = superuser
            let colleague = try await body(self, try #require(colleagues[home]))
            colleagues[home] = colleague
            let leaver = try await body(self, try #require(departed[home]))
            departed[home] = leaver
        }
    }

    private func begin(_ member: Member, _ image: [UInt8]) async throws -> Member {
        let id = try await makeCase(member)
        var file = try await clinic.services.images.receive(limit: WebFixture.uploadLimit)
        try await file.append(image)
        _ = try await clinic.services.images.add(
            member.author, case: id, modality: .t1ce, filename: "t1ce.nii", file: try await file.finish())
        var member = member
        member.objects.caseID = id.string
        member.objects.task = try await clinic.services.segmentation.start(member.author, case: id).id.string
        return member
    }

    private func collect(_ member: Member) async throws -> Member {
        let id = try #require(CaseID(member.objects.caseID))
        let report = try await clinic.services.reports.list(member.author, case: id, .plain(limit: 1)).items.first
        let result = try #require(try await clinic.services.segmentation.latestResult(member.author, case: id))
        var member = member
        member.objects.report = try #require(report).id.string
        member.objects.file = result.files.first
        return member
    }
}
