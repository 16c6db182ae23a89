import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct AuditTests {
    @Test(arguments: TestDatabase.all) func anEntrySaysWhoWhatAndWhere(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.admin)
            let scope = Scope(
                institution: person.scope.institution, user: person.scope.user, role: .admin,
                origin: RequestOrigin(requestID: "req-9", address: "192.0.2.1"))
            let entry = AuditEntry(scope, "case.read", "case", "c-1", at: clinic.clock.now.advanced(by: .seconds(1)))
            try await clinic.audit.record(entry)
            let entries = try await clinic.audit.list(scope).items
            #expect(entries.first == entry)
            #expect(entries.first?.requestID == "req-9")
            var query = AuditQuery()
            query.objectID = "c-1"
            #expect(try await clinic.audit.list(scope, query).items == [entry])
        }
    }

    @Test(arguments: TestDatabase.all) func manyReadsAreAllWritten(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await clinic.audit.record(AuditEntry(person.scope, "case.read", "case", "\(number)"))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await clinic.actions().filter { $0 == "case.read" }.count == 200)
        }
    }

    @Test(arguments: TestDatabase.all) func onlyTheOwnInstitutionsAdminReadsIt(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let stranger = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            _ = try await clinic.makeCase(doctor)
            await #expect { try await clinic.audit.list(doctor.scope) } throws: { isAppError($0, .forbidden) }
            let seen = try await clinic.audit.list(stranger.scope).items
            #expect(seen.allSatisfy { $0.institution == stranger.scope.institution })
            #expect(!seen.contains { $0.action == "case.create" })
        }
    }

    @Test(arguments: TestDatabase.all) func withoutItsTraceNothingIsAnswered(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            try await clinic.database.write { try $0.executeScript("DROP TABLE audit_entries") }
            await #expect(throws: (any Error).self) { try await clinic.cases.get(doctor.scope, item.id) }
            await #expect(throws: (any Error).self) {
                var form = CaseForm()
                form[.notes] = .value("x")
                _ = try await clinic.cases.update(doctor.scope, item.id, form)
            }
            let row = try await clinic.database.read { try $0.queryOne("SELECT notes FROM cases") }
            #expect(try row?.get("notes") == "")
        }
    }
}
