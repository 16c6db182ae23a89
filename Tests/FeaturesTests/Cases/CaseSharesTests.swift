import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct CaseSharesTests {
    @Test(arguments: TestDatabase.all) func aColleagueSeesWhatIsShared(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let owner = try await clinic.signIn(.doctor)
            let colleague = try await clinic.signIn(.doctor, name: "Grace")
            let item = try await clinic.makeCase(owner)
            _ = try await clinic.makeCase(owner, patient: "PAT-2")
            await #expect { try await clinic.cases.get(colleague.scope, item.id) } throws: {
                isAppError($0, .notFound)
            }
            let share = try await clinic.cases.shares.share(
                owner.scope, case: item.id, ShareForm(email: colleague.user.email.uppercased()))
            #expect(share.access == .read && share.name == "Grace Lovelace" && share.sharedBy == "Ada Lovelace")

            let reader = try await clinic.again(colleague).scope
            #expect(try await clinic.cases.get(reader, item.id).id == item.id)
            #expect(try await clinic.cases.list(reader, CaseQuery()).items.map(\.id) == [item.id])
            for refused in ["change", "delete", "share"] {
                await #expect {
                    switch refused {
                    case "change": _ = try await clinic.cases.update(reader, item.id, CaseForm())
                    case "delete": try await clinic.cases.delete(reader, item.id)
                    default: _ = try await clinic.cases.shares.list(reader, case: item.id)
                    }
                } throws: {
                    isAppError($0, .forbidden)
                }
            }
            #expect(try await clinic.actions().filter { $0 == "case.share" }.count == 2)
        }
    }

    @Test(arguments: TestDatabase.all) func aWriterChangesButNeitherDeletesNorShares(_ kind: TestDatabase) async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let owner = try await clinic.signIn(.doctor)
            let colleague = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(owner)
            let form = ShareForm(userId: colleague.user.id.string, access: "write")
            _ = try await clinic.cases.shares.share(owner.scope, case: item.id, form)
            let writer = try await clinic.again(colleague)
            var change = CaseForm()
            change[.notes] = .value("seen")
            #expect(try await clinic.cases.update(writer.scope, item.id, change).notes == "seen")
            _ = try await clinic.add(writer, item, .t1, "image one")
            await #expect { try await clinic.cases.delete(writer.scope, item.id) } throws: {
                isAppError($0, .forbidden)
            }
            // Back to read access, then to none.
            _ = try await clinic.cases.shares.share(
                owner.scope, case: item.id, ShareForm(userId: colleague.user.id.string, access: "read"))
            await #expect { try await clinic.cases.update(writer.scope, item.id, change) } throws: {
                isAppError($0, .forbidden)
            }
            #expect(try await clinic.cases.shares.list(owner.scope, case: item.id).map(\.access) == [.read])
            try await clinic.cases.shares.end(owner.scope, case: item.id, with: colleague.user.id)
            await #expect { try await clinic.cases.get(writer.scope, item.id) } throws: { isAppError($0, .notFound) }
            await #expect {
                try await clinic.cases.shares.end(owner.scope, case: item.id, with: colleague.user.id)
            } throws: {
                isAppError($0, .notFound)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func sharesStayInTheInstitution(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let owner = try await clinic.signIn(.doctor)
            let stranger = try await clinic.signIn(.doctor, institution: try await clinic.makeInstitution())
            let researcher = try await clinic.signIn(.researcher)
            let item = try await clinic.makeCase(owner)
            for (field, form) in [
                ("email", ShareForm(email: stranger.user.email)), ("email", ShareForm(email: owner.user.email)),
                ("email", ShareForm(email: researcher.user.email)), ("email", ShareForm(email: "no address")),
                ("userId", ShareForm(userId: stranger.user.id.string)), ("userId", ShareForm(userId: "nonsense")),
                ("access", ShareForm(email: owner.user.email, access: "all")), ("email", ShareForm()),
            ] {
                await #expect { try await clinic.cases.shares.share(owner.scope, case: item.id, form) } throws: {
                    isAppError($0, .validation, field: field)
                }
            }
            for person in [stranger, researcher, try await clinic.signIn(.doctor)] {
                await #expect { try await clinic.cases.shares.list(person.scope, case: item.id) } throws: {
                    isAppError($0, .notFound)
                }
            }
            #expect(try await clinic.count("case_shares") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func sharesGoWithCaseAndColleague(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let owner = try await clinic.signIn(.doctor)
            let admin = try await clinic.signIn(.admin)
            let colleague = try await clinic.signIn(.doctor)
            let items = [try await clinic.makeCase(owner), try await clinic.makeCase(owner, patient: "PAT-2")]
            for item in items {
                _ = try await clinic.cases.shares.share(
                    admin.scope, case: item.id, ShareForm(email: colleague.user.email))
            }
            try await clinic.cases.delete(owner.scope, items[0].id)
            try await clinic.users.delete(admin.scope, colleague.user.id)
            #expect(try await clinic.cases.shares.list(owner.scope, case: items[1].id).isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aClosedAccountGetsNoShare(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let owner = try await clinic.signIn(.doctor)
            let colleague = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(owner)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_active = 0 WHERE id = \(colleague.user.id)")
            }
            for form in [ShareForm(userId: colleague.user.id.string), ShareForm(email: colleague.user.email)] {
                await #expect { try await clinic.cases.shares.share(owner.scope, case: item.id, form) } throws: {
                    isAppError($0, .validation)
                }
            }
            #expect(try await clinic.count("case_shares") == 0)
        }
    }

    /// A share extends access and never restricts it: a colleague who becomes administrator sees all cases.
    @Test(arguments: TestDatabase.all) func aShareNarrowsNoAdministrator(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let owner = try await clinic.signIn(.doctor)
            let colleague = try await clinic.signIn(.doctor)
            let shared = try await clinic.makeCase(owner)
            _ = try await clinic.makeCase(owner, patient: "PAT-2")
            _ = try await clinic.cases.shares.share(
                owner.scope, case: shared.id, ShareForm(userId: colleague.user.id.string, access: "read"))
            for (role, count) in [(Role.doctor, 1), (.admin, 2)] {
                try await clinic.database.write {
                    try $0.execute("UPDATE users SET role = \(role) WHERE id = \(colleague.user.id)")
                }
                let scope = try await clinic.again(colleague).scope
                #expect(scope.hasShares && scope.role == role)
                #expect(try await clinic.cases.list(scope, CaseQuery()).items.count == count, "\(role)")
            }
        }
    }
}
