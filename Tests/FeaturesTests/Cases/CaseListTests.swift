import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct CaseListTests {
    private static func patients(
        _ clinic: FeaturesFixture, _ person: Person, _ change: (inout CaseQuery) throws -> Void
    )
        async throws -> [String]
    {
        var query = CaseQuery()
        try change(&query)
        return try await clinic.cases.list(person.scope, query).items.map(\.patientID)
    }

    @Test(arguments: TestDatabase.all) func filtersAndOrdersHold(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let ada = try await clinic.signIn(.doctor)
            let grace = try await clinic.signIn(.doctor, name: "Öz Grace")
            let radiologist = try await clinic.signIn(.radiologist)
            _ = try await clinic.makeCase(ada, patient: "A_1") { $0[.notes] = .value("Left TEMPORAL, 100%") }
            _ = try await clinic.makeCase(ada, patient: "B-2") { $0.status = .value("uploaded") }
            _ = try await clinic.makeCase(grace, patient: "Ax1") { $0[.diagnosis] = .value("Ödem") }
            func list(_ change: (inout CaseQuery) throws -> Void) async throws -> [String] {
                try await Self.patients(clinic, radiologist, change)
            }
            #expect(try await list { _ in } == ["Ax1", "B-2", "A_1"])
            #expect(try await list { try $0.filter(status: "uploaded") } == ["B-2"])
            #expect(try await list { try $0.filter(status: "pending") } == ["B-2"])
            #expect(try await list { $0.patientID = "B-2" } == ["B-2"])
            #expect(try await list { $0.search = "temporal" } == ["A_1"])
            #expect(try await list { $0.search = "A_1" } == ["A_1"])
            #expect(try await list { $0.search = "100%" } == ["A_1"])
            #expect(try await list { $0.search = "ÖDEM" } == ["Ax1"])
            #expect(try await list { $0.search = "ÖZ grace" } == ["Ax1"])
            #expect(try await list { $0.search = "' OR 1=1 --" } == [])
            #expect(try await list { $0.createdBy = grace.user.id.string } == ["Ax1"])
            #expect(try await list { $0.createdBy = "ada love" } == ["B-2", "A_1"])
            #expect(try await list { try $0.order(by: "created_at") } == ["A_1", "B-2", "Ax1"])
            #expect(try await list { try $0.order(by: "-updatedAt") } == ["Ax1", "B-2", "A_1"])
            #expect(try await list { try $0.order(by: "status") }.last == "B-2")
            #expect(throws: AppError.self) { try CaseQuery.ordered("password_hash") }
            #expect(throws: AppError.self) {
                var query = CaseQuery(); try query.filter(status: "x")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func pagesAndCursorsCoverAllOnce(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            // Several cases have the same time, as after an import.
            let now = clinic.clock.now
            for number in 0..<7 {
                var form = CaseForm()
                form[.patientID] = .value("P\(number)")
                form[.age] = .value(40)
                form[.sex] = .value("O")
                let item = try form.newCase(doctor.scope, at: now.advanced(by: .seconds(Double(number / 3))))
                try await clinic.database.write { try CaseStore($0).insert(doctor.scope, item) }
            }
            let all = try await Self.patients(clinic, doctor) { _ in }
            #expect(Set(all).count == 7)

            var paged: [String] = []
            for number in 1...3 {
                var query = CaseQuery()
                query.window = .page(number: number, size: 3)
                let page = try await clinic.cases.list(doctor.scope, query)
                #expect(page.count == 7)
                #expect(page.hasNext == (number < 3))
                paged += page.items.map(\.patientID)
            }
            #expect(paged == all)

            var scrolled: [String] = []
            var after: String?
            repeat {
                var query = CaseQuery()
                query.window = .cursor(after: after, size: 2)
                let page = try await clinic.cases.list(doctor.scope, query)
                #expect(page.count == nil)
                scrolled += page.items.map(\.patientID)
                after = page.nextCursor
            } while after != nil
            #expect(scrolled == all)

            var cut = CaseQuery()
            cut.window = .plain(limit: 5)
            let short = try await clinic.cases.list(doctor.scope, cut)
            #expect(short.items.map(\.patientID) == Array(all.prefix(5)))
            #expect(short.nextCursor != nil)
        }
    }

    @Test(arguments: TestDatabase.all, CaseQuery.Key.allCases)
    func everyOrderIsContinuedByACursor(_ kind: TestDatabase, _ key: CaseQuery.Key) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            for (number, status) in ["created", "uploaded", "created", "archived", "created"].enumerated() {
                _ = try await clinic.makeCase(doctor, patient: "SECRET-\(number % 2)") { form in
                    form.status = .value(status)
                    form[.priority] = .value(number > 2 ? "urgent" : "normal")
                }
            }
            for isDescending in [true, false] {
                var query = CaseQuery()
                query.key = key
                query.isDescending = isDescending
                let all = try await clinic.cases.list(doctor.scope, query).items.map(\.id)
                #expect(Set(all).count == 5)
                var scrolled: [CaseID] = []
                var after: String?
                repeat {
                    query.window = .cursor(after: after, size: 2)
                    let page = try await clinic.cases.list(doctor.scope, query)
                    scrolled += page.items.map(\.id)
                    after = page.nextCursor
                    #expect(after?.contains("SECRET") != true)
                } while after != nil
                #expect(scrolled == all)
                query.window = .page(number: 2, size: 2)
                #expect(try await clinic.cases.list(doctor.scope, query).items.map(\.id) == Array(all[2..<4]))
            }
            var query = CaseQuery()
            query.key = key
            query.window = .cursor(after: "nonsense", size: 2)
            let broken = query
            await #expect { try await clinic.cases.list(doctor.scope, broken) } throws: {
                isAppError($0, .validation, field: "cursor")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func ownAndSharedCasesAreOneList(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let ada = try await clinic.signIn(.doctor)
            let grace = try await clinic.signIn(.doctor, name: "Grace")
            var expected: [CaseID] = []
            for number in 0..<6 {
                let item = try await clinic.makeCase(number % 2 == 0 ? ada : grace, patient: "P\(number)")
                if number % 2 == 0 || number != 3 { expected.insert(item.id, at: 0) }
                guard number % 2 == 1, number != 3 else { continue }
                let now = clinic.clock.now
                try await clinic.database.write {
                    try CaseShareStore($0).put(grace.scope, case: item.id, with: ada.user.id, .read, at: now)
                }
            }
            let scope = Scope(institution: ada.scope.institution, user: ada.user.id, role: .doctor, hasShares: true)
            for key in CaseQuery.Key.allCases {
                var query = CaseQuery()
                query.key = key
                query.window = .page(number: 1, size: 10)
                let all = try await clinic.cases.list(scope, query)
                #expect(all.count == 5)
                #expect(Set(all.items.map(\.id)) == Set(expected))
                if key == .createdAt { #expect(all.items.map(\.id) == expected) }
                query.window = .page(number: 2, size: 2)
                #expect(try await clinic.cases.list(scope, query).items.map(\.id) == Array(all.items.map(\.id)[2..<4]))
                query.window = .cursor(after: CaseListCursor(all.items[2], key).text, size: 10)
                #expect(try await clinic.cases.list(scope, query).items.map(\.id) == Array(all.items.map(\.id)[3...]))
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aCursorComparesWithNoStrangersCase(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let stranger = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            var query = CaseQuery()
            query.key = .patientId
            query.window = .cursor(after: "0_\(item.id)", size: 2)
            let probing = query
            await #expect { try await clinic.cases.list(stranger.scope, probing) } throws: {
                isAppError($0, .validation, field: "cursor")
            }
            let researcher = try await clinic.signIn(.researcher)
            query.window = .plain(limit: 10)
            let ordering = query
            await #expect { try await clinic.cases.list(researcher.scope, ordering) } throws: {
                isAppError($0, .validation, field: "ordering")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func keptCountsAreThoseOfTheRows(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let ada = try await clinic.signIn(.doctor)
            let grace = try await clinic.signIn(.doctor, name: "Grace")
            let admin = try await clinic.signIn(.admin)
            let researcher = try await clinic.signIn(.researcher)
            let first = try await clinic.makeCase(ada)
            let second = try await clinic.makeCase(ada)
            _ = try await clinic.makeCase(grace)
            var archive = CaseForm()
            archive.status = .value("archived")
            _ = try await clinic.cases.update(ada.scope, first.id, archive)
            let now = clinic.clock.now
            try await clinic.database.write {
                try CaseStore($0).setStatus(ada.scope, second.id, .processing, at: now)
                try CaseStore($0).setStatus(ada.scope, second.id, .completed, at: now)
            }
            _ = try await clinic.makeCase(grace)
            let gone = try await clinic.makeCase(grace)
            try await clinic.cases.delete(grace.scope, gone.id)
            func count(_ person: Person, _ change: (inout CaseQuery) -> Void = { _ in }) async throws -> Int? {
                var query = CaseQuery()
                query.window = .page(number: 1, size: 1)
                change(&query)
                return try await clinic.cases.list(person.scope, query).count
            }
            #expect(try await count(ada) == 2)
            #expect(try await count(admin) == 4)
            #expect(try await count(researcher) == 1)
            #expect(try await count(researcher) { $0.status = .archived } == 0)
            // Neither a filter nor a search reveals to a researcher whose case it is.
            #expect(try await count(researcher) { $0.patientID = "PAT-1" } == 0)
            #expect(try await count(researcher) { $0.search = "pat-1" } == 0)
            #expect(try await count(researcher) { $0.search = "ada" } == 1)
            #expect(try await count(ada) { $0.patientID = "PAT-1" } == 2)
            #expect(try await count(admin) { $0.status = .archived } == 1)
            #expect(try await count(admin) { $0.status = .created } == 2)
            #expect(try await count(admin) { $0.createdBy = grace.user.id.string } == 2)
            #expect(try await count(ada) { $0.createdBy = grace.user.id.string } == 0)
            #expect(try await count(admin) { $0.createdBy = "grace" } == 2)
            #expect(try await count(admin) { $0.search = "pat-1" } == 4)
            #expect(try await count(admin) { $0.isDeleted = true } == 1)
            _ = try await clinic.cases.restore(admin.scope, gone.id)
            #expect(try await count(admin) == 5)
        }
    }
}

extension CaseQuery {
    fileprivate static func ordered(_ text: String) throws -> CaseQuery {
        var query = CaseQuery()
        try query.order(by: text)
        return query
    }
}
