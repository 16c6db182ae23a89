import Basics
import Foundation
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Which account a person whom the provider has authenticated gets, and in which role.
@Suite struct SingleSignOnAccountTests {
    private func roles(_ names: String...) -> [String: JSONValue] {
        ["realm_access": ["roles": .list(names.map { .text($0) })]]
    }

    @Test(arguments: TestDatabase.all) func thePersonIsKnownBySubjectAndNotByAddress(_ kind: TestDatabase) async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let first = try await hospital.signIn().signedIn.user
            #expect(first.role == .radiologist && first.email == "ada@hospital.org" && first.isEmailVerified)
            #expect(first.fullName == "Ada Lovelace" && first.institutionID == .default && !first.isSuperuser)
            let again = try await hospital.signIn(["email": "ada.king@hospital.org", "family_name": "King"])
            #expect(again.signedIn.user.id == first.id)
            #expect(again.signedIn.user.email == "ada.king@hospital.org")
            #expect(again.signedIn.user.fullName == "Ada King")
            // Somebody else has been given her former address.
            let other = try await hospital.signIn(["sub": "s-2", "given_name": "Eve"]).signedIn.user
            #expect(other.id != first.id)
            // An address that the provider has not verified is not taken over, and neither is one in use.
            let kept = try await hospital.signIn(["email": "x@hospital.org", "email_verified": false])
            #expect(kept.signedIn.user.email == "ada.king@hospital.org")
            let taken = try await hospital.signIn(["email": "ada@hospital.org"])
            #expect(taken.signedIn.user.email == "ada.king@hospital.org")
            #expect(try await clinic.count("users") == 2)
            #expect(try await clinic.count("identities") == 2)
            #expect(try await clinic.actions().filter { $0 == "user.register" }.count == 2)
            #expect(try await clinic.actions().filter { $0 == "session.start" }.count == 5)
        }
    }

    @Test(arguments: TestDatabase.all) func rolesFollowTheClaimAtEachSignIn(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let first = try await hospital.signIn(roles("neuro"))
            #expect(try await hospital.scope(first).scope.role == .radiologist)
            let second = try await hospital.signIn(roles("neuro", "neuro-admins"))
            #expect(try await hospital.scope(second).scope.role == .admin, "the order of the map decides")
            // Sessions of the former role have ended.
            await #expect { _ = try await hospital.scope(first) } throws: { isAppError($0, .unauthenticated) }
            let change = try await clinic.database.read {
                try $0.queryOne(
                    "SELECT changes, actor_id FROM audit_entries WHERE action = 'user.change_role'")
            }
            #expect(try #require(change).get("changes", as: String.self).contains("radiologist"))
            #expect(try #require(change).get("actor_id", as: String.self) == second.signedIn.user.id.string)
            // Without a role nobody enters, and who had entered leaves.
            await expectRefusal(.noRole) { try await hospital.signIn(self.roles("other")) }
            await expectRefusal(.noRole) { try await hospital.signIn(["realm_access": .null]) }
            await #expect { _ = try await hospital.scope(second) } throws: { isAppError($0, .unauthenticated) }
            // "superuser" is no role, and the flag is not touched.
            await expectRefusal(.noRole) { try await hospital.signIn(self.roles("superuser")) }
            #expect(try await clinic.count("users WHERE is_superuser = 1") == 0)
            let lenient = try SingleSignOnFixture(clinic) { $0.defaultRole = .researcher }
            #expect(try await lenient.signIn(roles("other")).signedIn.user.role == .researcher)
        }
    }

    /// Without a claim for roles, administrators assign them.
    @Test func withoutAClaimTheRoleStays() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let hospital = try SingleSignOnFixture(clinic) {
                $0.roleClaim = nil
                $0.roles = []
                $0.defaultRole = .doctor
            }
            let user = try await hospital.signIn().signedIn.user
            #expect(user.role == .doctor)
            let admin = try await clinic.signIn(.admin)
            _ = try await clinic.users.updateUser(admin.scope, user.id, UserChange(role: "radiologist"))
            #expect(try await hospital.signIn().signedIn.user.role == .radiologist)
        }
    }

    @Test(arguments: TestDatabase.all) func whoHasNoAccountIsTreatedAsTheSettingsSay(_ kind: TestDatabase) async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let closed = try SingleSignOnFixture(clinic) { $0.registration = .closed }
            await expectRefusal(.noAccount) { try await closed.signIn() }
            let open = try SingleSignOnFixture(clinic)
            await expectRefusal(.noEmail) { try await open.signIn(["email": .null]) }
            await expectRefusal(.noEmail) { try await open.signIn(["email": "no address"]) }
            #expect(try await clinic.count("users") == 0)
            let approval = try SingleSignOnFixture(clinic) { $0.registration = .approval }
            for _ in 0..<2 { await expectRefusal(.pending) { try await approval.signIn() } }
            #expect(try await clinic.count("users WHERE is_pending = 1") == 1)
            #expect(try await clinic.count("sessions") == 0)
            let id = try await clinic.database.read { try $0.queryOne("SELECT id FROM users") }
            let admin = try await clinic.signIn(.admin)
            let user: UserID = try #require(id).get("id")
            _ = try await clinic.users.approve(admin.scope, user, ApprovalForm(role: "doctor"))
            #expect(try await approval.signIn().signedIn.user.id == user)
        }
    }

    @Test(arguments: TestDatabase.all) func deactivatedAndDeletedUsersStayOut(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let user = try await hospital.signIn().signedIn.user
            let admin = try await clinic.signIn(.admin)
            _ = try await clinic.users.updateUser(admin.scope, user.id, UserChange(isActive: false))
            await expectRefusal(.deactivated) { try await hospital.signIn(self.roles("neuro-admins")) }
            #expect(try await clinic.count("users WHERE is_active = 0 AND role = 'radiologist'") == 1)
            // A deleted account is not opened again: the person gets another one, if anybody may.
            try await clinic.users.delete(admin.scope, user.id)
            #expect(try await clinic.count("identities") == 0)
            #expect(try await hospital.signIn().signedIn.user.id != user.id)
        }
    }

    /// By address only where the operator allows it and the provider has verified it.
    @Test(arguments: TestDatabase.all) func anExistingAccountIsLinkedByAVerifiedAddress(_ kind: TestDatabase)
        async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let ada = try await clinic.signIn(.radiologist)
            let email = JSONValue.text(ada.user.email)
            let strict = try SingleSignOnFixture(clinic)
            await expectRefusal(.emailTaken) { try await strict.signIn(["email": email]) }
            let linking = try SingleSignOnFixture(clinic) { $0.linksVerifiedEmail = true }
            for verified: JSONValue in [false, .null, "false", 1] {
                await expectRefusal(.emailTaken) {
                    try await linking.signIn(["email": email, "email_verified": verified])
                }
            }
            await expectRefusal(.noRole) { try await linking.signIn(["email": email, "realm_access": .null]) }
            #expect(try await clinic.count("identities") == 0)
            let linked = try await linking.signIn(["email": email])
            #expect(linked.signedIn.user.id == ada.user.id)
            #expect(try await clinic.actions().contains("user.link_identity"))
            // Another person at the provider with the same address.
            await expectRefusal(.emailTaken) { try await linking.signIn(["sub": "s-2", "email": email]) }
            // The former password no longer opens the account.
            await #expect {
                try await clinic.sessions.login(
                    email: ada.user.email, password: FeaturesFixture.password, origin: RequestOrigin())
            } throws: {
                isAppError($0, .unauthenticated)
            }
        }
    }

    @Test func superusersSignInWithTheirPasswordAlone() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let root = try await clinic.superuser()
            let hospital = try SingleSignOnFixture(clinic) { $0.linksVerifiedEmail = true }
            await expectRefusal(.superuser) { try await hospital.signIn(["email": .text(root.user.email)]) }
            #expect(try await clinic.count("identities") == 0)
            // An account that has been promoted later.
            let user = try await hospital.signIn().signedIn.user
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_superuser = 1 WHERE id = \(user.id)")
            }
            await expectRefusal(.superuser) { try await hospital.signIn() }
        }
    }

    @Test(arguments: TestDatabase.all) func theInstitutionIsTheClaims(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (north, south) = (try await clinic.makeInstitution(), InstitutionID.default)
            let hospital = try SingleSignOnFixture(clinic) {
                $0.institutionClaim = ClaimPath("site")
                $0.institutions = [.init("North", north)]
            }
            #expect(try await hospital.signIn(["site": "North"]).signedIn.user.institutionID == north)
            #expect(try await hospital.signIn(["site": .text(north.string)]).signedIn.user.institutionID == north)
            // A person of another institution cannot reach the cases of this one, and the account is not moved.
            await expectRefusal(.otherInstitution) { try await hospital.signIn(["site": .text(south.string)]) }
            for site: JSONValue in [.null, "East", .text(InstitutionID().string)] {
                await expectRefusal(.unknownInstitution) {
                    try await hospital.signIn(["sub": "s-2", "email": "eve@hospital.org", "site": site])
                }
            }
            await expectRefusal(.unknownInstitution) { try await hospital.signIn(["site": "East"]) }
            let fixed = try SingleSignOnFixture(clinic) { $0.institution = north }
            let user = try await fixed.signIn(["sub": "s-3", "email": "eve@hospital.org"]).signedIn.user
            #expect(user.institutionID == north)
        }
    }

    /// Their passwords, addresses and second factors are the provider's.
    @Test(arguments: TestDatabase.all) func suchAccountsHaveNoPassword(_ kind: TestDatabase) async throws {
        var settings = SessionSettings()
        settings.requiresAdminSecondFactor = true
        try await FeaturesFixture.with(kind, settings: settings) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let finish = try await hospital.signIn(roles("neuro-admins"))
            let principal = try await hospital.scope(finish)
            #expect(!principal.mustEnrol, "the provider decides about second factors")
            #expect(try await !clinic.users.hasPassword(principal.scope))
            for password in ["", "x", FeaturesFixture.password] {
                await #expect {
                    try await clinic.sessions.login(
                        email: "ada@hospital.org", password: password, origin: RequestOrigin())
                } throws: {
                    isAppError($0, .unauthenticated)
                }
            }
            let form = PasswordChange(
                currentPassword: "", newPassword: "battery staple", confirmPassword: "battery staple")
            await #expect { try await clinic.users.changePassword(principal, form) } throws: {
                isAppError($0, .conflict)
            }
            await #expect {
                _ = try await clinic.users.updateProfile(
                    principal.scope, UserChange(email: "x@hospital.org", currentPassword: "x"))
            } throws: {
                isAppError($0, .conflict)
            }
            await #expect { _ = try await clinic.sessions.secondFactors.enrol(principal, password: "x") } throws: {
                isAppError($0, .conflict)
            }
            let root = try await clinic.superuser()
            await #expect { try await clinic.users.setPassword(root.scope, finish.signedIn.user.id, form) } throws: {
                isAppError($0, .conflict)
            }
            await #expect {
                _ = try await clinic.users.setPassword(email: "ada@hospital.org", form)
            } throws: {
                isAppError($0, .conflict)
            }
            // An administrator separates both; then a password can be set.
            let other = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            let row = try await clinic.database.read { try $0.queryOne("SELECT id FROM identities") }
            let identity: ID<Identity> = try #require(row).get("id")
            await #expect { try await clinic.users.unlink(other.scope, identity) } throws: { isAppError($0, .notFound) }
            try await clinic.users.unlink(root.scope, identity)
            await #expect { _ = try await hospital.scope(finish) } throws: { isAppError($0, .unauthenticated) }
            try await clinic.users.setPassword(root.scope, finish.signedIn.user.id, form)
            _ = try await clinic.sessions.login(
                email: "ada@hospital.org", password: "battery staple", origin: RequestOrigin())
        }
    }

    /// Both browsers of one person on the first day.
    @Test(arguments: TestDatabase.all) func concurrentFirstSignInsMakeOneAccount(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let hospital = try SingleSignOnFixture(clinic)
            let profile = ProviderProfile(hospital.claims("n"), hospital.service.settings)
            let users = try await withThrowingTaskGroup(of: UserID.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await hospital.service.admitted(profile, origin: SingleSignOnFixture.origin).id
                    }
                }
                return try await group.reduce(into: Set<UserID>()) { $0.insert($1) }
            }
            #expect(users.count == 1)
            #expect(try await clinic.count("users") == 1)
            #expect(try await clinic.count("identities") == 1)
        }
    }
}
