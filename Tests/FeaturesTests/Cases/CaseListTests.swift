import Storage
import TestSupport
import Testing

@testable import Features

@Suite struct CaseListTests {
    private static func patients(_ clinic: Clinic, _ person: Person, _ change: (inout CaseQuery) throws -> Void)
        async throws -> [String]
    {
        var query = CaseQuery()
        try change(&query)
        return try await clinic.cases.list(person.scope, query).items.map(\.patientID)
    }

    @Test(arguments: TestDatabase.all) func filtersAndOrdersHold(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
            let ada = try await clinic.signIn(.doctor)
            let grace = try await clinic.signIn(.doctor, name: "Öz Grace")
            let radiologist = try await clinic.signIn(.radiologist)
            _ = try await clinic.makeCase(ada, patient: "A_1") { $0.notes = .value("Left TEMPORAL, 100%") }
            _ = try await clinic.makeCase(ada, patient: "B-2") { $0.status = .value("uploaded") }
            _ = try await clinic.makeCase(grace, patient: "Ax1") { $0.diagnosis = .value("Ödem") }
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
        try await Clinic.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            // Several cases share a moment, as after an import.
            let now = clinic.clock.now
            for number in 0..<7 {
                var form = CaseForm()
                form.patientId = .value("P\(number)")
                form.age = .value(FormInteger(40))
                form.sex = .value("O")
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

    @Test(arguments: TestDatabase.all) func cursorsHoldNoPatientData(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            var query = CaseQuery()
            query.window = .cursor(after: nil, size: 2)
            try query.order(by: "patientId")
            let byPatient = query
            await #expect { try await clinic.cases.list(doctor.scope, byPatient) } throws: {
                isAppError($0, .validation, field: "ordering")
            }
            query = CaseQuery()
            query.window = .cursor(after: "nonsense", size: 2)
            let broken = query
            await #expect { try await clinic.cases.list(doctor.scope, broken) } throws: {
                isAppError($0, .validation, field: "cursor")
            }
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
