import Storage
import TestSupport
import Testing

@testable import Administration
@testable import Features
@testable import Kernel

/// The dashboard of an institution, and the related objects on an object's page.
@Suite struct AdminDashboardTests {
    private static func insertJob(
        _ clinic: FeaturesFixture, status: String, at time: Timestamp, institution: InstitutionID = .default,
        error: String? = nil,
        of task: ID<InferenceTask>? = nil
    ) async throws {
        let isOver = status != "pending"
        try await clinic.database.write { connection in
            if let task {
                try connection.execute(
                    """
                    UPDATE jobs SET status = \(status), finished_at = \(time), error_message = \(error)
                    WHERE id IN (SELECT job_id FROM inference_tasks WHERE id = \(task))
                    """)
                return
            }
            try connection.execute(
                """
                INSERT INTO jobs (id, institution_id, kind, class, parameters, status, max_attempts, run_after, created_at,
                    finished_at, error_message)
                VALUES (\(ID<JobRecord>()), \(institution), 'test', 'imaging', '{}', \(status), 1, \(time), \(time),
                    \(isOver ? time : nil), \(error))
                """)
        }
    }

    @Test(arguments: TestDatabase.all) func statesAreCounted(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let waiting = try await clinic.signIn(.doctor)
            let abroad = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            _ = try await clinic.makeCase(abroad)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_pending = 1, is_active = 0 WHERE id = \(waiting.user.id)")
            }
            var cases: [Case] = []
            for _ in 0..<3 { cases.append(try await clinic.makeCase(doctor)) }
            _ = try await clinic.act(root, "cases", "archive", on: [cases[0].id.string])
            _ = try await clinic.act(root, "cases", "delete", on: [cases[1].id.string])
            _ = try await clinic.add(doctor, cases[2], .t1, "image 123")
            _ = try await clinic.act(root, "cases", "segment", on: [cases[2].id.string])
            _ = try await clinic.act(root, "sessions", "end", on: [doctor.principal.session.string])
            let found = try await clinic.administration.dashboard(root.scope)
            func told(_ tallies: [AdminDashboard.Tally]) -> [String] { tallies.map { "\($0.state) \($0.number)" } }
            #expect(told(found.users) == ["admin 1", "doctor 2"])
            #expect(found.waiting == 1 && found.openSessions == 2)
            #expect(told(found.cases) == ["archived 1", "processing 1"])
            #expect(told(found.tasks) == ["pending 1"] && found.reports.isEmpty)
            #expect(found.files == 1 && found.bytes == 9)
            #expect(found.model?.model.identity == FeaturesFixture.installed[0].identity)
        }
    }

    @Test(arguments: TestDatabase.all) func theOldestJobThatIsDueWaits(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let now = clinic.clock.now
            func oldest() async throws -> Duration? { try await clinic.administration.dashboard(root.scope).oldestWait }
            #expect(try await oldest() == nil)
            // Excludes what is not due, what has ended, and other institutions.
            try await Self.insertJob(clinic, status: "pending", at: now.advanced(by: .seconds(60)))
            try await Self.insertJob(clinic, status: "completed", at: now.advanced(by: .seconds(-900)))
            try await Self.insertJob(
                clinic, status: "pending", at: now.advanced(by: .seconds(-900)),
                institution: try await clinic.makeInstitution())
            #expect(try await oldest() == nil)
            try await Self.insertJob(clinic, status: "pending", at: now)
            #expect(try await oldest() == .zero)
            try await Self.insertJob(clinic, status: "pending", at: now.advanced(by: .seconds(-90)))
            #expect(try await oldest() == .seconds(90))
        }
    }

    @Test(arguments: TestDatabase.all) func theNewestFailuresAreTold(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            for number in 0..<7 {
                let item = try await clinic.makeCase(root, patient: "P\(number)")
                _ = try await clinic.add(root, item, .t1, "image \(number)")
                let task = try await clinic.administration.services.segmentation.start(root.scope, case: item.id)
                // The newest one is still running.
                if number < 6 {
                    try await Self.insertJob(
                        clinic, status: "failed", at: clinic.clock.now, error: "failure \(number)", of: task.id)
                }
            }
            let failed = try await clinic.administration.dashboard(root.scope).failedTasks
            #expect(failed.map(\.error) == ["failure 5", "failure 4", "failure 3", "failure 2", "failure 1"])
        }
    }

    @Test(arguments: TestDatabase.all) func refusalsOfTheLastDayAreCounted(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let now = clinic.clock.now
            let other = try await clinic.makeInstitution()
            try await clinic.database.write { connection in
                let store = AuditStore(connection)
                for seconds in [0, 86_400, 86_401] as [Int64] {
                    try store.append(
                        AuditEntry(
                            root.scope, "case.read", "case", nil, outcome: .refused,
                            at: now.advanced(by: .seconds(-seconds))))
                }
                try store.append(AuditEntry(root.scope, "case.read", "case", nil, outcome: .failed, at: now))
                try store.append(
                    AuditEntry(
                        institution: other, actor: nil, origin: RequestOrigin(), action: "case.read",
                        objectType: "case",
                        objectID: nil, outcome: .refused, at: now))
            }
            #expect(try await clinic.administration.dashboard(root.scope).refusals == 2)
        }
    }

    /// Reads, sign-ins and other users' actions are not listed as own changes.
    @Test(arguments: TestDatabase.all) func ownChangesAreShown(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let other = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(root)
            _ = try await clinic.makeCase(other)
            _ = try await clinic.cases.get(root.scope, item.id)
            _ = try await clinic.add(root, item, .t1, "image 1")
            clinic.clock.advance(by: .seconds(1))
            _ = try await clinic.act(root, "cases", "segment", on: [item.id.string])
            let recent = try await clinic.administration.dashboard(root.scope).recent
            #expect(recent.compactMap { $0["action"]?.text } == ["inference.start", "image.upload", "case.create"])
            for _ in 0..<12 { _ = try await clinic.makeCase(root) }
            #expect(try await clinic.administration.dashboard(root.scope).recent.count == 10)
        }
    }

    @Test(arguments: TestDatabase.all) func anObjectsPageShowsTheFirstTen(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            let owner = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(owner)
            _ = try await clinic.add(owner, item, .t1, "image 1")
            for number in 0..<11 {
                let colleague = try await clinic.signIn(.doctor)
                clinic.clock.advance(by: .seconds(1))
                _ = try await clinic.cases.shares.share(
                    owner.scope, case: item.id,
                    ShareForm(email: colleague.user.email, access: number == 0 ? "write" : "read"))
            }
            let table = try clinic.table(root, "cases")
            let row = try await clinic.row(root, "cases", item.id.string)
            let before = try await clinic.traces("case_share.list").count
            let found = try await clinic.administration.dependants(root.scope, table, row)
            #expect(found.map(\.count.related.title) == ["Images", "Tasks", "Results", "Reports", "Shares", "Files"])
            #expect(found.map(\.count.number) == [1, 0, 0, 0, 11, 1])
            let shares = try #require(found[4].inline)
            #expect(shares.items.count == 10 && shares.items[0].actions.map(\.key) == ["delete"])
            // The column that links back to the case would be the same in each row.
            #expect(shares.columns.map(\.key) == ["colleague", "access", "sharedBy", "createdAt"])
            #expect(shares.items[0].row.cells.map(\.column.key) == shares.columns.map(\.key))
            #expect(shares.items.allSatisfy { $0.row["access"]?.text == "read" })
            #expect(found[4].list?.selections(of: "7") == [.init("case", "7")])
            // For files, the count is enough.
            #expect(found[5].inline == nil && found[5].count.bytes == 7)
            #expect(try await clinic.traces("case_share.list").count == before + 1)
            #expect(found[1].inline?.items.isEmpty == true)
            #expect(try await clinic.traces("inference.list").isEmpty)
        }
    }

    /// Ended sessions no longer count as related to their user.
    @Test func aConditionNarrowsTheListAsWell() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            _ = try await clinic.sessions.login(
                email: doctor.user.email, password: FeaturesFixture.password, origin: RequestOrigin())
            _ = try await clinic.act(root, "sessions", "end", on: [doctor.principal.session.string])
            let row = try await clinic.row(root, "users", doctor.user.id.string)
            let found = try await clinic.administration.dependants(root.scope, clinic.table(root, "users"), row)
            #expect(found.first?.count.number == 1 && found.first?.inline?.items.count == 1)
            #expect(
                found.first?.list?.selections(of: doctor.user.id.string)
                    == [.init("user", doctor.user.id.string), .init("ended", "0")])
        }
    }

    /// A superuser sees the counts of another institution, but its rows only while acting there.
    @Test(arguments: TestDatabase.all) func anotherInstitutionsRowsAreCountedAndNotListed(
        _ kind: TestDatabase
    ) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let above = try await clinic.superuser()
            let theirs = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            _ = try await clinic.makeCase(theirs)
            let table = try clinic.table(above, "institutions")
            let row = try await clinic.row(above, "institutions", theirs.scope.institution.string)
            let found = try await clinic.administration.dependants(above.scope, table, row)
            #expect(found.map(\.count.number) == [1, 1, 0] && found.last?.count.bytes == 0)
            #expect(found.allSatisfy { $0.list == nil && $0.inline == nil })
            let there = Person(above, above.scope.visiting(theirs.scope.institution))
            let inside = try await clinic.administration.dependants(there.scope, table, row)
            #expect(inside.first?.inline?.items.map(\.row.id) == [theirs.user.id.string])
        }
    }
}
