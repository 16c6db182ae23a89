import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct InstitutionsTests {
    @Test(arguments: TestDatabase.all) func aSuperuserLooksAfterThem(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.superuser()
            let made = try await clinic.users.institutions.create(root.scope, InstitutionForm(name: " Charité "))
            #expect(made.name == "Charité")
            let renamed = try await clinic.users.institutions.update(root.scope, made.id, .init(name: "UKE"))
            #expect(renamed.name == "UKE")
            #expect(try await clinic.users.institutions.list(root.scope).map(\.name) == ["UKE", "Default institution"])
            await #expect {
                try await clinic.users.institutions.update(root.scope, ID(), .init(name: "X"))
            } throws: {
                isAppError($0, .notFound)
            }
            await #expect {
                try await clinic.users.institutions.create(root.scope, InstitutionForm(name: " "))
            } throws: {
                isAppError($0, .validation, field: "name")
            }
            let admin = try await clinic.signIn(.admin)
            await #expect { try await clinic.users.institutions.list(admin.scope) } throws: {
                isAppError($0, .forbidden)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aQuotaIsSetAndTakenAway(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.superuser()
            let institutions = clinic.users.institutions
            let made = try await institutions.create(root.scope, InstitutionForm(name: "UKE"))
            let first = Precondition.revision(among: [made.revision])
            let limited = try await institutions.update(
                root.scope, made.id, InstitutionChange(quota: .value("20 GiB")), if: first)
            #expect(limited.quotaBytes == 20 << 30 && limited.name == "UKE" && limited.revision == made.revision + 1)
            await #expect {
                try await institutions.update(root.scope, made.id, InstitutionChange(name: "Late"), if: first)
            } throws: {
                isAppError($0, .preconditionFailed)
            }
            for text in ["much", "-1", "1.5 GiB", "10 parsecs", "9999999999999 GiB"] {
                await #expect {
                    try await institutions.update(root.scope, made.id, InstitutionChange(quota: .value(text)))
                } throws: {
                    isAppError($0, .validation, field: "quotaBytes")
                }
            }
            let free = try await institutions.update(root.scope, made.id, InstitutionChange(quota: .value(" ")))
            #expect(free.quotaBytes == nil)
            let rows = try await clinic.database.read {
                try $0.query("SELECT 1 AS one FROM audit_entries WHERE action = 'institution.set_quota'")
            }
            #expect(rows.count == 2)
            let admin = try await clinic.signIn(.admin)
            await #expect {
                try await institutions.update(
                    admin.scope, admin.scope.institution, InstitutionChange(quota: .value("1 TiB")))
            } throws: {
                isAppError($0, .forbidden)
            }
        }
    }

    @Test func bytesAreReadAsPeopleWriteThem() {
        for (text, bytes) in [
            ("0", 0), ("1000", 1000), ("500 MiB", 500 << 20), ("2gib", 2 << 30), (" 1 TiB ", 1 << 40),
        ] {
            #expect(ByteCount(text)?.bytes == Int64(bytes))
        }
        // 45 meant megabytes but was stored as bytes.
        #expect(ByteCount("45", needsUnit: true) == nil && ByteCount("0", needsUnit: true)?.bytes == 0)
        for (text, bytes) in [("45 MB", 45_000_000), ("2 GiB", 2 << 30), ("7kb", 7000), ("12 B", 12)] {
            #expect(ByteCount(text, needsUnit: true)?.bytes == Int64(bytes))
        }
        for text in ["1.5 GB", "-1 GB", "GB", "5 XB", "99999999999 TiB"] { #expect(ByteCount(text) == nil) }
        for bytes: Int64 in [0, 1, 1000, 1024, 64_000_000, 1 << 30, (1 << 30) + 1, 3 << 40] {
            #expect(ByteCount(ByteCount(bytes).description, needsUnit: true)?.bytes == bytes)
        }
        #expect(ByteCount(2 << 30).description == "2 GiB" && ByteCount(64_000_000).description == "64 MB")
    }

    @Test(arguments: TestDatabase.all) func aSuperuserActsAsAdminElsewhere(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.superuser()
            let other = try await clinic.makeInstitution()
            let doctor = try await clinic.signIn(.doctor, institution: other)
            let item = try await clinic.makeCase(doctor)
            await #expect { try await clinic.cases.get(root.scope, item.id) } throws: { isAppError($0, .notFound) }

            let visit = try await clinic.sessions.authenticate(
                root.tokens.access, origin: RequestOrigin(), institution: other
            ).scope
            #expect(visit.institution == other && visit.role == .admin && visit.isVisiting)
            #expect(try await clinic.cases.get(visit, item.id).id == item.id)
            #expect(try await clinic.users.list(visit).users.map(\.id) == [doctor.user.id])
            _ = try await clinic.users.updateUser(visit, doctor.user.id, UserChange(role: "radiologist"))
            // The own account stays in its institution, and visitors cannot write clinical data.
            #expect(try await clinic.users.profile(visit).id == root.user.id)
            await #expect { try await clinic.makeCase(Person(root, visit)) } throws: { isAppError($0, .forbidden) }
            await #expect { try await clinic.add(Person(root, visit), item, .t1, "image one") } throws: {
                isAppError($0, .forbidden)
            }
            await #expect {
                try await clinic.sessions.authenticate(root.tokens.access, origin: RequestOrigin(), institution: ID())
            } throws: {
                isAppError($0, .notFound)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func nobodyElseGetsElsewhere(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let other = try await clinic.makeInstitution()
            for role in Role.allCases {
                let person = try await clinic.signIn(role)
                await #expect {
                    try await clinic.sessions.authenticate(
                        person.tokens.access, origin: RequestOrigin(), institution: other)
                } throws: {
                    isAppError($0, .notFound)
                }
                let own = try await clinic.sessions.authenticate(
                    person.tokens.access, origin: RequestOrigin(), institution: person.scope.institution)
                #expect(own.scope.institution == person.scope.institution)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func anAdminCanNotTouchASuperuser(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.superuser()
            let admin = try await clinic.signIn(.admin)
            for change in [UserChange(role: "doctor"), UserChange(email: "x@clinic.org"), UserChange(isActive: false)] {
                await #expect { try await clinic.users.updateUser(admin.scope, root.user.id, change) } throws: {
                    isAppError($0, .forbidden)
                }
            }
            await #expect { try await clinic.users.delete(admin.scope, root.user.id) } throws: {
                isAppError($0, .forbidden)
            }
        }
    }
}

@Suite struct InvitationsTests {
    private static func registration(_ token: String, email: String = "grace@clinic.org") -> Registration {
        Registration(
            email: email, password: FeaturesFixture.password, confirmPassword: FeaturesFixture.password,
            firstName: "Grace",
            lastName: "Hopper", role: "doctor", invitation: token)
    }

    @Test(arguments: TestDatabase.all) func anInvitationLetsOneIn(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let home = try await clinic.makeInstitution()
            let admin = try await clinic.signIn(.admin, institution: home)
            let issued = try await clinic.users.invitations.create(admin.scope, InvitationForm(role: "admin"))
            let form = Self.registration(issued.token.text)
            let joined = try await clinic.users.register(form, origin: RequestOrigin())
            #expect(joined.user.institutionID == home && joined.user.role == .admin)
            let again = Self.registration(issued.token.text, email: "eve@clinic.org")
            await #expect { try await clinic.users.register(again, origin: RequestOrigin()) } throws: {
                isAppError($0, .validation, field: "invitation")
            }
            #expect(try await clinic.users.invitations.list(admin.scope).first?.usedAt == clinic.clock.now)
            // The link's secret is not stored.
            #expect(try await clinic.count("invitations WHERE token_digest = '\(issued.token.text)'") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func spentInvitationsLetNobodyIn(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let old = try await clinic.users.invitations.create(admin.scope, InvitationForm(role: "doctor"))
            clinic.clock.advance(by: .seconds(7 * 24 * 3600))
            let revoked = try await clinic.users.invitations.create(admin.scope, InvitationForm(role: "doctor"))
            let stranger = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            await #expect { try await clinic.users.invitations.revoke(stranger.scope, revoked.invitation.id) } throws: {
                isAppError($0, .notFound)
            }
            try await clinic.users.invitations.revoke(admin.scope, revoked.invitation.id)
            let bound = try await clinic.users.invitations.create(
                admin.scope, InvitationForm(role: "radiologist", email: "Only@Clinic.org"))
            for (field, token) in [
                ("invitation", old.token.text), ("invitation", revoked.token.text), ("invitation", "made up"),
                ("email", bound.token.text),
            ] {
                await #expect {
                    try await clinic.users.register(Self.registration(token), origin: RequestOrigin())
                } throws: {
                    isAppError($0, .validation, field: field)
                }
            }
            let form = Self.registration(bound.token.text, email: "ONLY@clinic.org")
            #expect(try await clinic.users.register(form, origin: RequestOrigin()).user.role == .radiologist)
            let doctor = try await clinic.signIn(.doctor)
            await #expect {
                try await clinic.users.invitations.create(doctor.scope, InvitationForm(role: "doctor"))
            } throws: {
                isAppError($0, .forbidden)
            }
            await #expect {
                try await clinic.users.invitations.create(admin.scope, InvitationForm(role: "king", email: "x"))
            } throws: {
                isAppError($0, .validation, field: "role") && isAppError($0, .validation, field: "email")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func registrationCanBeClosed(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let users = UsersService(sessions: clinic.sessions, settings: AccountSettings(registration: .closed))
            let admin = try await clinic.signIn(.admin)
            await #expect { try await users.register(Self.registration(""), origin: RequestOrigin()) } throws: {
                isAppError($0, .forbidden)
            }
            let issued = try await users.invitations.create(admin.scope, InvitationForm(role: "doctor"))
            _ = try await users.register(Self.registration(issued.token.text), origin: RequestOrigin())
        }
    }
}
