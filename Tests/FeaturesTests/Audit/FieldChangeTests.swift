import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Audit entries of changes: values of fields without patient or personal data, names of all other fields.
@Suite struct FieldChangeTests {
    private func changes(_ clinic: FeaturesFixture, _ action: String) async throws -> [FieldChange] {
        let rows = try await clinic.database.read {
            try $0.query("SELECT changes FROM audit_entries WHERE action = \(action) ORDER BY occurred_at, id")
        }
        return try rows.flatMap { [FieldChange](stored: try $0.optional("changes")) }
    }

    private func told(_ changes: [FieldChange]) -> [String] {
        changes.map { $0.hasValues ? "\($0.field): \($0.from ?? "none") → \($0.to ?? "none")" : $0.field }
    }

    @Test(arguments: TestDatabase.all) func aUsersChangesAreTold(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            var change = UserChange(firstName: "Augusta", email: "augusta@clinic.org", role: "radiologist")
            change.isEmailVerified = true
            change.isActive = false
            change.phoneNumber = .value("030 1234567")
            _ = try await clinic.users.updateUser(admin.scope, doctor.user.id, change)
            #expect(told(try await changes(clinic, "user.change_role")) == ["role: doctor → radiologist"])
            #expect(told(try await changes(clinic, "user.deactivate")) == ["isActive: true → false"])
            #expect(
                told(try await changes(clinic, "user.update"))
                    == ["email", "firstName", "phoneNumber", "isEmailVerified: false → true"])
        }
    }

    @Test(arguments: TestDatabase.all) func ofAPatientTheFieldsAreNamedAlone(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            var form = CaseForm()
            form[.patientID] = .value("SECRET-7")
            form[.age] = .value(77)
            form[.sex] = .value("M")
            form[.scanDate] = .value("2026-10-11")
            form[.notes] = .value("SECRET words")
            form[.diagnosis] = .value("SECRET diagnosis")
            form.status = .value("archived")
            _ = try await clinic.cases.update(doctor.scope, item.id, form)
            let found = told(try await changes(clinic, "case.update"))
            #expect(
                found == ["status: created → archived", "patientId", "age", "sex", "scanDate", "diagnosis", "notes"])
            for value in ["SECRET", "PAT-1", "77", "2026-10-11"] {
                #expect(try await clinic.count("audit_entries WHERE changes LIKE '%\(value)%'") == 0, "\(value)")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func sharesAndImagesAreTold(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let colleague = try await clinic.signIn(.doctor, name: "Eve")
            let item = try await clinic.makeCase(doctor)
            for access in ["read", "write"] {
                let form = ShareForm(userId: colleague.user.id.string, email: nil, access: access)
                _ = try await clinic.cases.shares.share(doctor.scope, case: item.id, form)
                clinic.clock.advance(by: .seconds(1))
            }
            // Once for the case and once for the colleague.
            #expect(
                told(try await changes(clinic, "case.share")) == [
                    "access: none → read", "access: none → read", "access: read → write", "access: read → write",
                ])
            let image = try await clinic.add(doctor, item, .t1, "image 1", name: "Doe_John.nii.gz")
            try await clinic.images.update(doctor.scope, image.id, modality: "t2", filename: "Roe_Jane.nii.gz")
            #expect(told(try await changes(clinic, "image.update")) == ["modality: t1 → t2", "originalFilename"])
            #expect(try await clinic.count("audit_entries WHERE changes LIKE '%Doe%' OR changes LIKE '%Roe%'") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func anInstitutionsQuotaIsTold(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.superuser()
            let id = try await clinic.makeInstitution()
            let change = InstitutionChange(name: "Renamed", quota: .value("500 MiB"))
            _ = try await clinic.users.institutions.update(root.scope, id, change)
            #expect(told(try await changes(clinic, "institution.set_quota")) == ["quotaBytes: none → 524288000"])
            #expect(told(try await changes(clinic, "institution.rename")) == ["name"])
        }
    }

    @Test(arguments: TestDatabase.all) func entriesThatComeTogetherAreAllWritten(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            let service = AuditService(database: trail.database)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask { try await service.record((0..<500).map { trail.entry(number * 500 + $0) }) }
                }
                try await group.waitForAll()
            }
            try await service.record([AuditEntry]())
            try await trail.sealer(at: 5000).seal()
            #expect(Set(try await trail.sealed().compactMap(\.objectID)).count == 2000)
        }
    }
}
