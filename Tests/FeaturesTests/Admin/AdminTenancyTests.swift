import Storage
import TestSupport
import Testing

@testable import Administration
@testable import Features
@testable import Kernel

/// What administrators must not see or do: other institutions and superusers; and everything, for all other roles.
@Suite struct AdminTenancyTests {
    /// Two institutions, each with an administrator and one object of every kind.
    private static func with(
        _ kind: TestDatabase,
        _ body: @escaping @Sendable (FeaturesFixture, _ ours: Person, _ theirs: Person) async throws -> Void
    ) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let ours = try await clinic.signIn(.admin)
            let theirs = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            for person in [ours, theirs] { try await fill(clinic, person) }
            try await body(clinic, ours, theirs)
        }
    }

    private static func fill(_ clinic: FeaturesFixture, _ root: Person) async throws {
        let doctor = try await clinic.signIn(.doctor, institution: root.scope.institution)
        let item = try await clinic.makeCase(doctor)
        _ = try await clinic.add(doctor, item, .t1, "image \(item.id)")
        let email = try #require(
            try await clinic.database.read { try UserStore($0).find(root.scope, doctor.user.id) }?.email)
        let colleague = try await clinic.signIn(.radiologist, institution: root.scope.institution)
        _ = try await clinic.cases.shares.share(doctor.scope, case: item.id, ShareForm(email: colleague.user.email))
        #expect(email == doctor.user.email)
        let gone = try await clinic.makeCase(doctor, patient: "GONE")
        try await clinic.cases.delete(doctor.scope, gone.id)
        _ = try await clinic.users.invitations.create(root.scope, InvitationForm(role: "doctor"))
        _ = try await clinic.uploads.create(
            doctor.scope, case: item.id, modality: .t2, filename: "t2.nii", size: 10)
        let task = try await clinic.administration.services.segmentation.start(doctor.scope, case: item.id)
        #expect(task.status == .pending)
        _ = try await clinic.sessions.secondFactors.enrol(doctor.principal, password: FeaturesFixture.password)
        try await clinic.database.write { [clock = clinic.clock] connection in
            let identity = Identity(
                id: ID(), institution: root.scope.institution, user: doctor.user.id, issuer: "https://sso.example.org",
                subject: doctor.user.id.string)
            try IdentityStore(connection).insert(identity, at: clock.now)
        }
        _ = try await clinic.act(
            root, "models", "activate", on: [try #require(FeaturesFixture.installed[1].id).string])
    }

    private static let filled = [
        "users", "invitations", "sessions", "tokens", "factors", "identities", "institutions", "cases", "deleted",
        "shares", "images",
        "uploads", "tasks", "files", "jobs", "activations", "audit",
    ]

    /// The ids of a table's rows.
    private static func ids(_ clinic: FeaturesFixture, _ person: Person, _ name: String) async throws -> Set<String> {
        Set(try await clinic.rows(person, name).rows.map(\.id))
    }

    @Test(arguments: TestDatabase.all) func noTableShowsAnotherInstitutionsRows(_ kind: TestDatabase) async throws {
        try await Self.with(kind) { clinic, ours, theirs in
            for name in Self.filled {
                let (own, foreign) = (
                    try await Self.ids(clinic, ours, name), try await Self.ids(clinic, theirs, name)
                )
                #expect(!own.isEmpty && !foreign.isEmpty, "\(name)")
                #expect(own.isDisjoint(with: foreign), "\(name)")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func anIdOfAnotherInstitutionIsNotFound(_ kind: TestDatabase) async throws {
        try await Self.with(kind) { clinic, ours, theirs in
            for name in Self.filled {
                let table = try clinic.table(ours, name)
                let foreign = try #require(try await Self.ids(clinic, theirs, name).first)
                await #expect(throws: AppError.self, "\(name)") { try await clinic.row(ours, name, foreign) }
                #expect(try await clinic.administration.rows(ours.scope, table, ids: [foreign]).isEmpty, "\(name)")
                // Searching by id finds nothing either.
                #expect(try await clinic.rows(ours, name) { $0.search = foreign }.rows.isEmpty, "\(name)")
                for action in table.actions {
                    #expect(try await clinic.act(ours, name, action.key, on: [foreign]).done == 0, "\(name)")
                }
            }
            #expect(try await clinic.count("cases WHERE deleted_at IS NULL") == 2)
            #expect(try await clinic.count("users WHERE is_active = 0 OR deleted_at IS NOT NULL") == 0)
        }
    }

    /// Objects related to another institution's object are not even counted.
    @Test(arguments: TestDatabase.all) func nothingOfAForeignObjectIsCounted(_ kind: TestDatabase) async throws {
        try await Self.with(kind) { clinic, ours, theirs in
            for name in Self.filled where name != "institutions" {
                let table = try clinic.table(ours, name)
                let foreign = try await Self.ids(clinic, theirs, name)
                for count in try await clinic.administration.related(ours.scope, table, ids: Array(foreign)) {
                    #expect(count.number == 0 && (count.bytes ?? 0) == 0, "\(name) \(count.related.title)")
                }
                let own = try await Self.ids(clinic, theirs, name)
                let counts = try await clinic.administration.related(
                    theirs.scope, clinic.table(theirs, name), ids: Array(own))
                if name == "cases" { #expect(counts.map(\.number) == [1, 1, 0, 0, 1, 1]) }
            }
        }
    }

    @Test func formsOfForeignObjectsAreRefused() async throws {
        try await Self.with(.sqlite) { clinic, ours, theirs in
            let item = try #require(try await Self.ids(clinic, theirs, "cases").first)
            await #expect {
                try await clinic.save(ours, "cases", id: item, ["patientId": "X", "age": "1", "sex": "M"])
            } throws: { isAppError($0, .notFound) }
            await #expect {
                try await clinic.save(ours, "users", id: theirs.user.id.string, ["email": "x@y.org", "firstName": "A"])
            } throws: { isAppError($0, .notFound) }
            await #expect {
                try await clinic.save(
                    ours, "shares", form: { $0.add },
                    ["case": item, "email": theirs.user.email, "access": "read"])
            } throws: { isAppError($0, .validation, field: "case") }
            let form = try #require(try clinic.table(ours, "users").listEdit)
            let edit = AdminEdit(
                theirs.user.id.string, .init(["role": "doctor"]), former: .init(["role": "admin"]))
            await #expect {
                try await clinic.administration.save(ours.scope, clinic.table(ours, "users"), form, [edit])
            } throws: { isAppError($0, .notFound) }
        }
    }

    @Test(arguments: [Role.doctor, .radiologist, .researcher]) func nobodyElseIsLetIn(_ role: Role) async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let person = try await clinic.signIn(role)
            let table = try clinic.table(root, "cases")
            let service = clinic.administration
            let action = try #require(table.action("archive"))
            let form = try #require(table.edit)
            let query = AdminQuery()
            let calls: [(String, () async throws -> Void)] = [
                ("tables", { _ = try service.tables(person.scope) }),
                ("list", { _ = try await service.list(person.scope, table, query) }),
                ("row", { _ = try await service.row(person.scope, table, id: "1") }),
                ("rows", { _ = try await service.rows(person.scope, table, ids: ["1"]) }),
                ("matching", { _ = try await service.matching(person.scope, table, query) }),
                ("related", { _ = try await service.related(person.scope, table, ids: ["1"]) }),
                ("history", { _ = try await service.history(person.scope, table, id: "1", page: 1) }),
                ("dashboard", { _ = try await service.dashboard(person.scope) }),
                ("run", { _ = try await service.run(person.scope, table, action, on: []) }),
                ("save", { _ = try await service.save(person.scope, form, id: "1", AdminForm.Values([:])) }),
                ("edits", { _ = try await service.save(person.scope, table, form, []) }),
            ]
            for (name, call) in calls {
                await #expect(throws: AppError.self, "\(name)") {
                    do { try await call() } catch {
                        #expect(isAppError(error, .forbidden), "\(name) \(error)")
                        throw error
                    }
                }
            }
        }
    }

    /// An administrator's actions on a superuser are refused and not offered; superusers may perform them.
    @Test(arguments: TestDatabase.all) func superusersAreOutOfReach(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let above = try await clinic.superuser()
            let id = above.user.id.string
            let session = above.principal.session.string
            for (table, key, object) in [
                ("users", "delete", id), ("users", "deactivate", id), ("users", "end-sessions", id),
                ("sessions", "end", session),
            ] {
                let row = try await clinic.row(root, table, object)
                #expect(row.isSuperusers && clinic.administration.isReserved(row, root.scope), "\(table)")
                #expect(try clinic.administration.actions(root.scope, clinic.table(root, table), on: row).isEmpty)
                #expect(try clinic.administration.forms(root.scope, clinic.table(root, table), of: row).isEmpty)
                let outcome = try await clinic.act(root, table, key, on: [object])
                #expect(outcome.done == 0 && outcome.refusals.map(\.error.code) == [.forbidden], "\(table) \(key)")
                #expect(!clinic.administration.isReserved(row, above.scope), "\(table)")
            }
            #expect(try await clinic.again(above).scope.isSuperuser)
            let ended = try await clinic.act(above, "sessions", "end", on: [root.principal.session.string])
            #expect(ended.done == 1 && ended.refusals.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aVisitingSuperuserIsAnAdministratorThere(_ kind: TestDatabase) async throws
    {
        try await Self.with(kind) { clinic, ours, theirs in
            let above = try await clinic.superuser()
            #expect(try await clinic.administration.visited(above.scope) == nil)
            let found = try await clinic.administration.visit(above.scope, theirs.scope.institution.string)
            #expect(found.id == theirs.scope.institution)
            let there = Person(above, above.scope.visiting(theirs.scope.institution))
            #expect(try await clinic.administration.visited(there.scope)?.id == theirs.scope.institution)
            for name in Self.filled where name != "institutions" && name != "audit" {
                #expect(
                    try await Self.ids(clinic, there, name) == Self.ids(clinic, theirs, name), "\(name)")
            }
            // A superuser sees all institutions, an administrator only their own.
            #expect(try await clinic.rows(there, "institutions").count == 2)
            #expect(try await clinic.names(ours, "institutions").count == 1)
            // Clinical data cannot be changed from outside.
            let cases = try clinic.table(there, "cases")
            #expect(cases.add == nil && cases.action("segment") == nil && cases.action("archive") != nil)
            #expect(try clinic.table(there, "images").edit == nil && clinic.table(there, "reports").edit == nil)
            await #expect {
                try await clinic.administration.visit(ours.scope, theirs.scope.institution.string)
            } throws: {
                isAppError($0, .forbidden) || isAppError($0, .notFound)
            }
        }
    }

    @Test func institutionsAreMadeBySuperusersAlone() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let above = try await clinic.superuser()
            let seen = try clinic.table(root, "institutions")
            #expect(seen.add == nil && seen.edit == nil && seen.listEdit == nil)
            #expect(try clinic.table(above, "institutions").add != nil)
            let made = try await clinic.save(above, "institutions", form: { $0.add }, ["name": "North"])
            #expect(try await clinic.row(above, "institutions", made.id).name == "North")
            let whole = try #require(AdminTable.all.first { $0.name == "institutions" }?.edit)
            await #expect {
                try await clinic.administration.save(root.scope, whole, id: made.id, .init(["name": "Ours"]))
            } throws: { isAppError($0, .forbidden) }
        }
    }
}
