import Storage
import TestSupport
import Testing

@testable import Administration
@testable import Features
@testable import Kernel

/// Actions on one or more objects: each is performed separately by the feature's own service.
@Suite struct AdminActionsTests {
    @Test(arguments: TestDatabase.all) func whatRefusesHindersNoOther(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            var ids: [String] = []
            for patient in ["A", "B", "C"] { ids.append(try await clinic.makeCase(root, patient: patient).id.string) }
            #expect(try await clinic.act(root, "cases", "archive", on: [ids[1]]).done == 1)
            let outcome = try await clinic.act(root, "cases", "archive", on: ids)
            #expect(outcome.done == 2 && outcome.refusals.map(\.name) == ["B"])
            #expect(outcome.refusals.map(\.sentence) == ["The state of the case does not permit this action."])
            #expect(try await clinic.count("cases WHERE status = 'archived'") == 3)
            // The refusal reveals a patient's id, which counts as a read; the performed actions do not.
            #expect(try await clinic.traces("case.read") == [ids[1]])
            #expect(try await clinic.act(root, "cases", "unarchive", on: ids).done == 3)
            #expect(try await clinic.count("cases WHERE status = 'uploaded'") == 3)
        }
    }

    @Test func anIdThatIsGoneIsPassedOver() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(root)
            let table = try clinic.table(root, "cases")
            let ids = [CaseID().string, item.id.string, "no id"]
            #expect(try await clinic.administration.rows(root.scope, table, ids: ids).map(\.id) == [item.id.string])
        }
    }

    /// Objects are returned in the order in which they were selected.
    @Test(arguments: TestDatabase.all) func chosenRowsKeepTheirOrder(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            var ids: [String] = []
            for patient in ["A", "B", "C"] { ids.append(try await clinic.makeCase(root, patient: patient).id.string) }
            let wanted = [ids[2], ids[0], ids[1]]
            let table = try clinic.table(root, "cases")
            #expect(try await clinic.administration.rows(root.scope, table, ids: wanted).map(\.id) == wanted)
        }
    }

    @Test func noMoreThanAThousandAreChangedAtOnce() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let table = try clinic.table(root, "cases")
            let ids = (0..<1001).map { _ in CaseID().string }
            #expect(try await clinic.administration.rows(root.scope, table, ids: Array(ids.prefix(1000))).isEmpty)
            await #expect { try await clinic.administration.rows(root.scope, table, ids: ids) } throws: {
                isAppError($0, .validation, field: "ids")
            }
        }
    }

    /// A selection by filter and search covers all pages, up to the maximum number of changes at once.
    @Test func allThatWasFoundIsMeant() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            for number in 0..<60 {
                _ = try await clinic.makeCase(root, patient: number < 55 ? "P\(number)" : "Q\(number)")
            }
            let table = try clinic.table(root, "cases")
            var query = AdminQuery()
            query.search = "p"
            #expect(try await clinic.administration.matching(root.scope, table, query).count == 55)
            let trail = try clinic.table(root, "audit")
            let entries = try await clinic.administration.matching(root.scope, trail, AdminQuery()).count
            try await clinic.database.write { connection in
                for _ in 0..<(AdminQuery.bulkLimit - entries) {
                    try AuditStore(connection).append(AuditEntry(root.scope, "test.bulk", "case", nil))
                }
            }
            #expect(
                try await clinic.administration.matching(root.scope, trail, AdminQuery()).count == AdminQuery.bulkLimit)
            try await clinic.database.write {
                try AuditStore($0).append(AuditEntry(root.scope, "test.bulk", "case", nil))
            }
            await #expect { try await clinic.administration.matching(root.scope, trail, AdminQuery()) } throws: {
                isAppError($0, .validation, field: "ids")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func thePageThatAsksTellsWhatGoes(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            var cases: [Case] = []
            for number in 100..<128 { cases.append(try await clinic.makeCase(root, patient: "P\(number)")) }
            _ = try await clinic.add(root, cases[0], .t1, "image 1")
            _ = try await clinic.add(root, cases[1], .t1, "image 12")
            _ = try await clinic.act(root, "cases", "archive", on: [cases[27].id.string])
            let table = try clinic.table(root, "cases")
            let rows = try await clinic.administration.rows(root.scope, table, ids: cases.map(\.id.string))
            let before = try await clinic.traces("case.read").count
            let delete = try #require(table.action("delete"))
            let asked = try await clinic.administration.confirmation(root.scope, table, delete, of: rows)
            #expect(asked.shown.count == 25 && asked.ids == cases.map(\.id.string) && asked.refusals.isEmpty)
            #expect(asked.counts.map(\.related.title) == ["Images", "Tasks", "Results", "Reports", "Shares", "Files"])
            #expect(asked.counts.map(\.number) == [2, 0, 0, 0, 0, 2] && asked.counts.last?.bytes == 15)
            // The objects listed by name have been read.
            #expect(try await clinic.traces("case.read").count == before + 25)
            // Objects without related ones add to no count; those that would be refused are listed separately.
            let archive = try #require(table.action("archive"))
            let milder = try await clinic.administration.confirmation(root.scope, table, archive, of: rows)
            #expect(milder.counts.isEmpty && milder.ids.count == 27 && milder.refusals.map(\.name) == ["P127"])
        }
    }

    @Test(arguments: TestDatabase.all) func whatCanNotBeDoneIsNotOffered(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            func offers(_ table: String, _ id: String) async throws -> [String] {
                let row = try await clinic.row(root, table, id)
                return try clinic.administration.actions(root.scope, clinic.table(root, table), on: row).map(\.key)
            }
            // Nothing to segment yet.
            #expect(try await offers("cases", item.id.string) == ["archive", "delete"])
            _ = try await clinic.add(doctor, item, .t1, "image 1")
            #expect(try await offers("cases", item.id.string) == ["archive", "segment", "delete"])
            #expect(try await clinic.act(root, "cases", "archive", on: [item.id.string]).done == 1)
            #expect(try await offers("cases", item.id.string) == ["unarchive", "delete"])
            #expect(try await offers("users", doctor.user.id.string) == ["deactivate", "end-sessions", "delete"])
            #expect(try await clinic.act(root, "users", "deactivate", on: [doctor.user.id.string]).done == 1)
            #expect(try await offers("users", doctor.user.id.string) == ["activate", "end-sessions", "delete"])
            // Without its last administrator, an institution could not appoint another one.
            #expect(try await offers("users", root.user.id.string) == ["end-sessions"])
            let refused = try await clinic.act(root, "users", "delete", on: [root.user.id.string])
            #expect(refused.done == 0 && refused.refusals.map(\.error.code) == [.conflict])
            let second = try await clinic.signIn(.admin)
            #expect(try await offers("users", root.user.id.string).contains("delete"))
            #expect(try await clinic.act(root, "users", "deactivate", on: [second.user.id.string]).done == 1)
            #expect(try await offers("users", root.user.id.string) == ["end-sessions"])
        }
    }

    @Test(arguments: TestDatabase.all) func sessionsTokensAndInvitationsEnd(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let (ada, eve, bob) = (
                try await clinic.signIn(.doctor), try await clinic.signIn(.doctor), try await clinic.signIn(.doctor)
            )
            #expect(try await clinic.act(root, "sessions", "end", on: [ada.principal.session.string]).done == 1)
            await #expect { try await clinic.again(ada) } throws: { isAppError($0, .unauthenticated) }
            // An ended session cannot be ended again.
            let again = try await clinic.act(root, "sessions", "end", on: [ada.principal.session.string])
            #expect(again.done == 0 && again.refusals.map(\.error.code) == [.conflict])
            let tokens = try await clinic.rows(root, "tokens") { $0.choose("session", eve.principal.session.string) }
            #expect(tokens.rows.count == 1)
            #expect(try await clinic.act(root, "tokens", "revoke", on: tokens.rows.map(\.id)).done == 1)
            await #expect { try await clinic.again(eve) } throws: { isAppError($0, .unauthenticated) }
            #expect(try await clinic.act(root, "users", "end-sessions", on: [bob.user.id.string]).done == 1)
            await #expect { try await clinic.again(bob) } throws: { isAppError($0, .unauthenticated) }
            #expect(try await clinic.again(root).user.id == root.user.id)
            let open = try await clinic.rows(root, "sessions") { $0.choose("ended", "0") }
            #expect(open.rows.map(\.id) == [root.principal.session.string])

            let made = try await clinic.save(root, "invitations", form: { $0.add }, ["role": "doctor", "email": ""])
            let secret = try #require(made.link?.split(separator: "=").last.map(String.init))
            #expect(made.message != nil && secret.count == 64)
            #expect(try await clinic.users.mayRegister(invitation: secret))
            #expect(try await clinic.act(root, "invitations", "revoke", on: [made.id]).done == 1)
            #expect(try await clinic.act(root, "invitations", "revoke", on: [made.id]).done == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func aLostDeviceIsReset(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let id = doctor.user.id.string
            // An unconfirmed device does not count, so there is nothing to reset.
            _ = try await clinic.sessions.secondFactors.enrol(doctor.principal, password: FeaturesFixture.password)
            #expect(try await clinic.row(root, "users", id)["secondFactor"]?.meaning == .flag(false))
            #expect(try await clinic.rows(root, "factors") { $0.choose("confirmed", "0") }.count == 1)
            #expect(try await clinic.act(root, "users", "reset-factor", on: [id]).done == 0)
            let time = clinic.clock.now
            let (used, free) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
            try await clinic.database.write {
                try $0.execute("UPDATE second_factors SET confirmed_at = \(time) WHERE user_id = \(id)")
                try $0.execute("INSERT INTO recovery_codes (user_id, digest) VALUES (\(id), \(free))")
                try $0.execute("INSERT INTO recovery_codes (user_id, digest, used_at) VALUES (\(id), \(used), 1)")
            }
            #expect(try await clinic.row(root, "factors", id)["codes"]?.meaning == .number(1))
            #expect(try await clinic.names(root, "users") { $0.choose("factor", "1") } == [doctor.user.email])
            #expect(try await clinic.act(root, "users", "reset-factor", on: [id]).done == 1)
            #expect(try await clinic.count("second_factors") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func aDeletedCaseComesBack(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(root)
            _ = try await clinic.add(root, item, .t1, "image 1")
            #expect(try await clinic.act(root, "cases", "delete", on: [item.id.string]).done == 1)
            #expect(try await clinic.rows(root, "cases").count == 0)
            let row = try await clinic.row(root, "deleted", item.id.string)
            #expect(row["deletedBy"]?.text == root.user.email && row.name == "PAT-1")
            let gone = try await clinic.administration.related(
                root.scope, clinic.table(root, "deleted"), ids: [item.id.string])
            #expect(gone.map(\.number) == [1, 0, 1] && gone.last?.bytes == 7)
            // Its file is still stored but belongs to no case in the meantime.
            let file = try #require(try await clinic.rows(root, "files").rows.first)
            #expect(file["case"]?.link == nil && file["size"]?.meaning == .bytes(7))
            #expect(try await clinic.act(root, "deleted", "restore", on: [item.id.string]).done == 1)
            #expect(try await clinic.rows(root, "cases").count == 1)
            #expect(try await clinic.rows(root, "deleted").count == 0)
            #expect(try await clinic.rows(root, "files").rows.first?["case"]?.link?.id == item.id.string)
        }
    }

    @Test(arguments: TestDatabase.all) func segmentationsAreStartedCancelledAndRepeated(_ kind: TestDatabase)
        async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(root)
            let empty = try await clinic.act(root, "cases", "segment", on: [item.id.string])
            #expect(empty.refusals.map(\.sentence) == ["The case has no images yet."])
            _ = try await clinic.add(root, item, .t1, "image 1")
            #expect(try await clinic.act(root, "cases", "segment", on: [item.id.string]).done == 1)
            let task = try #require(try await clinic.rows(root, "tasks").rows.first)
            #expect(task["status"]?.text == "pending" && task["case"]?.link?.id == item.id.string)
            // A queued task can be neither run again nor deleted.
            for key in ["repeat", "delete"] {
                #expect(try await clinic.act(root, "tasks", key, on: [task.id]).done == 0, "\(key)")
            }
            #expect(try await clinic.act(root, "tasks", "cancel", on: [task.id]).done == 1)
            #expect(try await clinic.row(root, "tasks", task.id)["status"]?.text == "cancelled")
            #expect(try await clinic.act(root, "tasks", "cancel", on: [task.id]).done == 0)
            clinic.clock.advance(by: .seconds(1))
            #expect(try await clinic.act(root, "tasks", "repeat", on: [task.id]).done == 1)
            #expect(try await clinic.rows(root, "tasks") { $0.choose("status", "pending") }.count == 1)
            #expect(try await clinic.act(root, "tasks", "delete", on: [task.id]).done == 1)
            #expect(try await clinic.rows(root, "tasks").count == 1)
        }
    }

    @Test func aModelIsChosenAndGivenUp() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let ids = try FeaturesFixture.installed.map { try #require($0.id).string }
            func active() async throws -> [String] {
                try await clinic.rows(root, "models") { $0.choose("isActive", "1") }.rows.compactMap {
                    $0["version"]?.text
                }
            }
            #expect(try await active() == ["1"])
            // The operator's default has no predecessor to roll back to.
            #expect(try await clinic.act(root, "models", "rollback", on: [ids[0]]).done == 0)
            #expect(try await clinic.act(root, "models", "activate", on: [ids[0]]).done == 0)
            #expect(try await clinic.act(root, "models", "activate", on: [ids[1]]).done == 1)
            #expect(try await active() == ["2"])
            let row = try await clinic.row(root, "models", ids[1])
            #expect(row["measured"]?.text == "T1CE, FLAIR: whole_tumor 0.904 (8 patients)")
            #expect(row["required"]?.text == "any" && row["activatedAt"]?.meaning != .nothing)
            let chosen = try #require(try await clinic.rows(root, "activations").rows.first)
            #expect(chosen["activatedBy"]?.text == root.user.email && chosen["rolledBackAt"]?.meaning == .nothing)
            #expect(try await clinic.act(root, "models", "rollback", on: [ids[1]]).done == 1)
            #expect(try await active() == ["1"])
            #expect(try await clinic.rows(root, "activations") { $0.choose("back", "1") }.count == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func aShareIsMadeAndTakenBack(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let (owner, colleague) = (try await clinic.signIn(.doctor), try await clinic.signIn(.doctor))
            let item = try await clinic.makeCase(owner)
            let values = ["case": " \(item.id) ", "email": colleague.user.email, "access": "read"]
            let made = try await clinic.save(root, "shares", form: { $0.add }, values)
            #expect(made.id == "\(item.id).\(colleague.user.id)")
            #expect(try await clinic.cases.get(clinic.again(colleague).scope, item.id).id == item.id)
            let row = try await clinic.row(root, "shares", made.id)
            #expect(row.name == colleague.user.email && row["access"]?.text == "read")
            #expect(row["sharedBy"]?.link?.id == root.user.id.string)
            for wrong in ["", "no id", CaseID().string] {
                await #expect {
                    try await clinic.save(root, "shares", form: { $0.add }, ["case": wrong, "email": "a@b.org"])
                } throws: { isAppError($0, .validation, field: "case") }
            }
            #expect(try await clinic.act(root, "shares", "delete", on: [made.id]).done == 1)
            await #expect { try await clinic.cases.get(colleague.scope, item.id) } throws: { isAppError($0, .notFound) }
            let action = try #require(try clinic.table(root, "shares").action("delete"))
            for id in [item.id.string, "a.b", "\(item.id).\(colleague.user.id).x", ""] {
                await #expect(throws: AppError.self, "\(id)") {
                    try await action.run(clinic.administration.services, root.scope, id)
                }
            }
        }
    }
}
