import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct SampleDataTests {
    private static func samples(_ clinic: FeaturesFixture) -> SampleData {
        SampleData(users: clinic.users, cases: clinic.cases, access: OperatorAccess(database: clinic.database))
    }

    @Test(arguments: TestDatabase.all) func populatesOnceAndMarksEverything(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let made = try await Self.samples(clinic).populate(password: "a sample password")
            #expect(made.users.count == Role.allCases.count && made.cases.count == 5)
            let again = try await Self.samples(clinic).populate(password: "another password")
            #expect(again.users.isEmpty && again.cases.isEmpty)
            for role in Role.allCases {
                let signedIn = try await clinic.sessions.login(
                    email: SampleData.address(of: role), password: "a sample password", origin: RequestOrigin())
                #expect(signedIn.user.role == role)
            }
            let doctor = try await OperatorAccess(database: clinic.database).begin(
                as: SampleData.address(of: .doctor))
            let cases = try await clinic.cases.list(doctor, CaseQuery()).items
            #expect(cases.allSatisfy { $0.patientID.hasPrefix("SAMPLE-") && $0.notes == SampleData.note })
        }
    }

    @Test(arguments: TestDatabase.all) func addsCasesNumberedOn(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let ada = try await clinic.signIn(.doctor)
            _ = try await clinic.makeCase(ada)
            let first = try await Self.samples(clinic).addCases(ada.scope, count: 2)
            let second = try await Self.samples(clinic).addCases(ada.scope, count: 2)
            #expect(Set(first + second).count == 4)
            let ids = try await clinic.cases.list(ada.scope, CaseQuery()).items.map(\.patientID)
            #expect(Set(ids).count == 5)
            let researcher = try await clinic.signIn(.researcher)
            await #expect(throws: AppError.self) {
                try await Self.samples(clinic).addCases(researcher.scope, count: 1)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func theOperatorActsAsAUserAndIsSeen(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let ada = try await clinic.signIn(.doctor)
            let bert = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(ada)
            let access = OperatorAccess(database: clinic.database)
            let scope = try await access.begin(as: " \(ada.user.email.uppercased()) ")
            #expect(try await clinic.cases.get(scope, item.id).id == item.id)
            let rows = try await clinic.database.read {
                try $0.query("SELECT action FROM audit_entries WHERE request_id = \(scope.origin.requestID)")
            }
            let actions = try rows.map { try $0.get("action", as: String.self) }
            #expect(Set(actions) == ["shell.start", "case.read"])
            let stranger = try await access.begin(as: bert.user.id)
            await #expect { try await clinic.cases.get(stranger, item.id) } throws: { isAppError($0, .notFound) }
            await #expect { try await access.begin(as: "nobody@clinic.org") } throws: { isAppError($0, .notFound) }
        }
    }
}
