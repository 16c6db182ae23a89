import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct CasesTests {
    @Test(arguments: TestDatabase.all) func aCaseIsMadeChangedAndDeleted(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let made = try await clinic.makeCase(doctor) { form in
                form[.scanDate] = .value("2026-03-01")
                form[.fieldStrength] = .value("3T")
                form[.notes] = .value("first")
            }
            #expect(made.status == .created)
            #expect(made.author == "Ada Lovelace")
            #expect(made.fieldStrength == .three)
            #expect(made.priority == "normal")
            #expect(try await clinic.cases.get(doctor.scope, made.id) == made)

            clinic.clock.advance(by: .seconds(10))
            var change = CaseForm()
            change[.diagnosis] = .value("suspected glioma")
            change[.scanDate] = .null
            change.status = .value("archived")
            let changed = try await clinic.cases.update(doctor.scope, made.id, change)
            #expect(changed.diagnosis == "suspected glioma")
            #expect(changed.study.date == nil)
            #expect(changed.status == .archived)
            #expect(changed.notes == "first")
            #expect(changed.updatedAt > made.updatedAt)
            #expect(changed.revision > made.revision)
            #expect(try await clinic.cases.get(doctor.scope, made.id) == changed)

            try await clinic.cases.delete(doctor.scope, made.id)
            await #expect { try await clinic.cases.get(doctor.scope, made.id) } throws: { isAppError($0, .notFound) }
            let actions = try await clinic.actions().filter { $0.hasPrefix("case") }
            #expect(actions.sorted() == ["case.create", "case.delete", "case.read", "case.read", "case.update"])
        }
    }

    private static let faults: [FormFault<CaseForm>] = [
        FormFault("patientId") { $0[.patientID] = .null }, FormFault("patientId") { $0[.patientID] = .value("  ") },
        FormFault("patientId") { $0[.patientID] = .value(.text(String(repeating: "p", count: 101))) },
        FormFault("patientId") { $0[.patientID] = .value("\u{200b}\u{2060}") },
        FormFault("patientId") { $0[.patientID] = .value("\u{3164}\u{a0}\u{2800}") },
        FormFault("patientId") { $0[.patientID] = .value("PAT\u{200b}-1") },
        FormFault("patientId") { $0[.patientID] = .value("PAT-\u{202e}1") },
        FormFault("patientId") { $0[.patientID] = .value("PAT-1\u{e0041}") },
        FormFault("patientId") { $0[.patientID] = .value("PAT\n1") },
        FormFault("scannerType") { $0[.scannerType] = .value("a\u{ad}b") },
        FormFault("age") { $0[.age] = .absent },
        FormFault("age") { $0[.age] = .value(-1) }, FormFault("age") { $0[.age] = .value(131) },
        FormFault("sex") { $0[.sex] = .value("X") }, FormFault("sex") { $0[.sex] = .absent },
        FormFault("status") { $0.status = .value("completed") }, FormFault("status") { $0.status = .value("nonsense") },
        FormFault("scanDate") { $0[.scanDate] = .value("2026-02-30") },
        FormFault("fieldStrength") { $0[.fieldStrength] = .value("2T") },
        FormFault("scannerType") { $0[.scannerType] = .value(.text(String(repeating: "s", count: 201))) },
        FormFault("studyDescription") { $0[.studyDescription] = .value(.text(String(repeating: "s", count: 65))) },
        FormFault("notes") { $0[.notes] = .value("a\u{0}") },
    ]

    /// No patient id can contain it, so an empty list would look like a result.
    @Test func aSearchForWhatDoesNotShowIsRefused() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            var query = CaseQuery()
            query.search = "PAT\u{200b}-1"
            await #expect { try await clinic.cases.list(doctor.scope, query) } throws: {
                isAppError($0, .validation, field: "search")
            }
            query.search = nil
            query.patientID = "\u{feff}PAT-1"
            await #expect { try await clinic.cases.list(doctor.scope, query) } throws: {
                isAppError($0, .validation, field: "patientId")
            }
        }
    }

    @Test(arguments: faults)
    func aFormIsToldWhatIsWrong(_ fault: FormFault<CaseForm>) {
        let scope = Scope(institution: ID(), user: ID(), role: .doctor)
        var form = CaseForm()
        form[.patientID] = .value("PAT-77")
        form[.age] = .value(50)
        form[.sex] = .value("M")
        fault.change(&form)
        let error = #expect(throws: AppError.self) { try form.newCase(scope, at: .now) }
        #expect(error?.fields.keys.sorted() == [fault.field])
        #expect(error?.message.contains("PAT-77") == false)
    }

    @Test func emptyChoicesOfAFormAreNoValues() throws {
        let json = #"{"patientId":"P","age":"44","sex":"O","scanDate":"","fieldStrength":"","status":"created"}"#
        let form = try JSONDecoder().decode(CaseForm.self, from: Data(json.utf8))
        let item = try form.newCase(Scope(institution: ID(), user: ID(), role: .doctor), at: .now)
        #expect(item.study.date == nil)
        #expect(item.fieldStrength == nil)
        #expect(item.age == 44)
    }

    // MARK: Access

    @Test(arguments: TestDatabase.all) func rolesReachWhatThePolicySays(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let colleague = try await clinic.signIn(.doctor)
            let radiologist = try await clinic.signIn(.radiologist)
            let admin = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(doctor)
            func seen(_ person: Person) async throws -> [CaseID] {
                try await clinic.cases.list(person.scope, CaseQuery()).items.map(\.id)
            }
            #expect(try await seen(doctor) == [item.id])
            #expect(try await seen(colleague) == [])
            #expect(try await seen(radiologist) == [item.id])
            #expect(try await seen(admin) == [item.id])
            var change = CaseForm()
            change[.notes] = .value("x")
            let notes = change
            await #expect { try await clinic.cases.update(colleague.scope, item.id, notes) } throws: {
                isAppError($0, .notFound)
            }
            _ = try await clinic.cases.update(radiologist.scope, item.id, notes)
            await #expect { try await clinic.cases.delete(radiologist.scope, item.id) } throws: {
                isAppError($0, .forbidden)
            }
            try await clinic.cases.delete(admin.scope, item.id)
        }
    }

    @Test(arguments: TestDatabase.all) func anotherInstitutionKnowsNothing(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let other = try await clinic.makeInstitution()
            for role in Role.allCases {
                let stranger = try await clinic.signIn(role, institution: other)
                #expect(try await clinic.cases.list(stranger.scope, CaseQuery()).items.isEmpty)
                for attempt: @Sendable () async throws -> Void in [
                    { _ = try await clinic.cases.get(stranger.scope, item.id) },
                    { _ = try await clinic.cases.update(stranger.scope, item.id, CaseForm()) },
                    { try await clinic.cases.delete(stranger.scope, item.id) },
                    { _ = try await clinic.images.list(stranger.scope, case: item.id) },
                    { _ = try await clinic.add(stranger, item, .t1, "image 1") },
                ] {
                    await #expect {
                        try await attempt()
                    } throws: {
                        isAppError($0, .notFound)
                    }
                }
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aResearcherSeesNoPatient(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let researcher = try await clinic.signIn(.researcher)
            let open = try await clinic.makeCase(doctor, patient: "SECRET-1")
            let done = try await clinic.makeCase(doctor, patient: "SECRET-2") { form in
                form[.notes] = .value("SECRET note")
                form[.clinicalHistory] = .value("SECRET history")
                form[.diagnosis] = .value("SECRET diagnosis")
                form[.indication] = .value("SECRET indication")
                form[.priority] = .value("SECRET priority")
            }
            _ = try await clinic.add(doctor, done, .t1, "image 1", name: "SECRET.nii.gz")
            let now = clinic.clock.now
            try await clinic.database.write { connection in
                try CaseStore(connection).setStatus(doctor.scope, done.id, .completed, at: now)
            }
            let list = try await clinic.cases.list(researcher.scope, CaseQuery())
            #expect(list.items.map(\.id) == [done.id])
            let seen = try await clinic.cases.get(researcher.scope, done.id)
            let images = try await clinic.images.list(researcher.scope, case: done.id)
            let shown = "\(String(decoding: try JSONEncoder().encode([seen] + list.items), as: UTF8.self)) \(images)"
            #expect(!shown.contains("SECRET"))
            #expect(seen.age == 61)
            #expect(seen.completedAt == now)
            await #expect { try await clinic.cases.get(researcher.scope, open.id) } throws: {
                isAppError($0, .notFound)
            }
            await #expect { try await clinic.cases.update(researcher.scope, done.id, CaseForm()) } throws: {
                isAppError($0, .forbidden)
            }
            await #expect { try await clinic.makeCase(researcher) } throws: { isAppError($0, .forbidden) }
            // Neither a filter nor a search reveals hidden data.
            var query = CaseQuery()
            query.patientID = "SECRET-2"
            #expect(try await clinic.cases.list(researcher.scope, query).items.isEmpty)
            query.patientID = nil
            query.search = "secret"
            #expect(try await clinic.cases.list(researcher.scope, query).items.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aStatusOfTheServiceStays(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let now = clinic.clock.now
            try await clinic.database.write { connection in
                try CaseStore(connection).setStatus(doctor.scope, item.id, .processing, at: now)
            }
            var same = CaseForm()
            same.status = .value("processing")
            same[.notes] = .value("n")
            #expect(try await clinic.cases.update(doctor.scope, item.id, same).status == .processing)
            var archived = CaseForm()
            archived.status = .value("archived")
            let form = archived
            await #expect { try await clinic.cases.update(doctor.scope, item.id, form) } throws: {
                isAppError($0, .validation, field: "status")
            }
            await #expect { try await clinic.add(doctor, item, .t1, "image 1") } throws: { isAppError($0, .conflict) }
        }
    }

    @Test func theJSONHasEveryKey() throws {
        var form = CaseForm()
        form[.patientID] = .value("P")
        form[.age] = .value(1)
        form[.sex] = .value("M")
        let item = try form.newCase(Scope(institution: ID(), user: ID(), role: .doctor), at: .now)
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(item)) as? [String: NSObject]
        #expect(
            json?.keys.sorted() == [
                "age", "caseId", "clinicalHistory", "completedAt", "createdAt", "createdBy", "diagnosis",
                "fieldStrength", "indication", "needsReview", "notes", "patientId", "priority", "reviewReasons",
                "scanDate", "scannerType", "seriesWarning", "sex", "status", "studyDescription", "updatedAt",
            ])
        #expect(json?["completedAt"] == NSNull())
        #expect(json?["needsReview"] == NSNull() && json?["reviewReasons"] == NSNull())
        #expect(json?["seriesWarning"] == NSNull())
    }
}
