import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct UsersTests {
    @Test(arguments: TestDatabase.all) func aProfileChangesInParts(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            clinic.clock.advance(by: .seconds(5))
            let change = UserChange(lastName: "Byron", specialty: .value("Neuro"), phoneNumber: .value("+49 30"))
            let changed = try await clinic.users.updateProfile(person.scope, change)
            #expect(changed.lastName == "Byron")
            #expect(changed.firstName == "Ada")
            #expect(changed.specialty == "Neuro")
            #expect(changed.updatedAt == clinic.clock.now)
            #expect(try await clinic.users.profile(person.scope) == changed)
            let cleared = try await clinic.users.updateProfile(person.scope, UserChange(specialty: .null))
            #expect(cleared.specialty == "")
            #expect(try await clinic.actions().filter { $0 == "user.update" }.count == 2)
        }
    }

    /// A name must be visible and must not look like another's.
    @Test func aNameShows() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let person = try await clinic.signIn(.doctor)
            let cases: [(String, UserChange)] = [
                ("firstName", UserChange(firstName: "\u{200b}\u{200d}")),
                ("firstName", UserChange(firstName: "\u{a0}\t")),
                ("firstName", UserChange(firstName: "\u{202e}adA")),
                ("lastName", UserChange(lastName: "Love\u{ad}lace")),
                ("lastName", UserChange(lastName: "Love\nlace")),
                ("specialty", UserChange(specialty: .value("a\u{7}"))),
                ("phoneNumber", UserChange(phoneNumber: .value("1\u{2066}2"))),
            ]
            for (field, change) in cases {
                await #expect { try await clinic.users.updateProfile(person.scope, change) } throws: {
                    isAppError($0, .validation, field: field)
                }
            }
            let name = "Zoë D’Àrcy-Ōkubo 田"
            #expect(try await clinic.users.updateProfile(person.scope, UserChange(firstName: name)).firstName == name)
        }
    }

    @Test(arguments: TestDatabase.all) func onlyAnAdminChangesRoles(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let admin = try await clinic.signIn(.admin)
            for role in ["admin", "radiologist"] {
                await #expect {
                    try await clinic.users.updateProfile(doctor.scope, UserChange(role: role))
                } throws: {
                    isAppError($0, .validation, field: "role")
                }
            }
            let same = try await clinic.users.updateProfile(doctor.scope, UserChange(role: "doctor"))
            #expect(same.role == .doctor)
            _ = try await clinic.users.updateUser(admin.scope, doctor.user.id, UserChange(role: "radiologist"))
            // Tokens of the old role are no longer valid.
            await #expect { try await clinic.again(doctor) } throws: { isAppError($0, .unauthenticated) }
            await #expect(throws: AppError.self) {
                try await clinic.sessions.refresh(doctor.tokens.refresh, origin: RequestOrigin())
            }
            let back = try await clinic.sessions.login(
                email: doctor.user.email, password: FeaturesFixture.password, origin: RequestOrigin())
            #expect(back.user.role == .radiologist)
            #expect(try await clinic.actions().filter { $0.hasPrefix("user.") } == ["user.change_role"])
        }
    }

    @Test(arguments: TestDatabase.all) func aClosedAccountWaits(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            await #expect {
                try await clinic.users.updateProfile(doctor.scope, UserChange(isActive: false))
            } throws: {
                isAppError($0, .validation, field: "isActive")
            }
            let closed = try await clinic.users.updateUser(admin.scope, doctor.user.id, UserChange(isActive: false))
            #expect(!closed.isActive)
            func login() async throws -> SignedIn {
                try await clinic.sessions.login(
                    email: doctor.user.email, password: FeaturesFixture.password, origin: RequestOrigin())
            }
            await #expect { try await clinic.again(doctor) } throws: { isAppError($0, .unauthenticated) }
            await #expect { try await login() } throws: { isAppError($0, .unauthenticated) }
            await #expect {
                try await clinic.users.updateUser(admin.scope, admin.user.id, UserChange(isActive: false))
            } throws: {
                isAppError($0, .conflict)
            }
            _ = try await clinic.users.updateUser(admin.scope, doctor.user.id, UserChange(isActive: true))
            _ = try await login()
            // The old session stays ended.
            await #expect(throws: AppError.self) { try await clinic.again(doctor) }
            let actions = try await clinic.actions().filter { $0.hasPrefix("user.") }
            #expect(actions.sorted() == ["user.activate", "user.deactivate"])
        }
    }

    @Test(arguments: TestDatabase.all) func aTakenAddressIsRefused(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let one = try await clinic.signIn(.doctor)
            let other = try await clinic.signIn(.doctor)
            await #expect {
                try await clinic.users.updateProfile(
                    one.scope, UserChange(email: other.user.email, currentPassword: FeaturesFixture.password))
            } throws: {
                isAppError($0, .validation, field: "email")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aFreshPasswordEndsOtherSessions(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let origin = RequestOrigin()
            let other = try await clinic.sessions.login(
                email: person.user.email, password: FeaturesFixture.password, origin: origin)
            let form = PasswordChange(
                currentPassword: FeaturesFixture.password, newPassword: "battery staple",
                confirmPassword: "battery staple")
            try await clinic.users.changePassword(person.principal, form)
            _ = try await clinic.sessions.authenticate(person.tokens.access, origin: origin)
            await #expect(throws: AppError.self) {
                try await clinic.sessions.authenticate(other.tokens.access, origin: origin)
            }
            await #expect(throws: AppError.self) {
                try await clinic.sessions.login(
                    email: person.user.email, password: FeaturesFixture.password, origin: origin)
            }
            _ = try await clinic.sessions.login(email: person.user.email, password: "battery staple", origin: origin)
        }
    }

    @Test(arguments: TestDatabase.all) func aPasswordNeedsTheCurrentOne(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            for (field, form) in [
                (
                    "currentPassword",
                    PasswordChange(currentPassword: "no", newPassword: "long enough", confirmPassword: "long enough")
                ),
                (
                    "newPassword",
                    PasswordChange(
                        currentPassword: FeaturesFixture.password, newPassword: "short", confirmPassword: "short")
                ),
                (
                    "confirmPassword",
                    PasswordChange(
                        currentPassword: FeaturesFixture.password, newPassword: "long enough", confirmPassword: "x")
                ),
            ] {
                await #expect { try await clinic.users.changePassword(person.principal, form) } throws: {
                    isAppError($0, .validation, field: field)
                }
            }
        }
    }

    @Test(arguments: TestDatabase.all) func anAdminSeesTheInstitution(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let stranger = try await clinic.signIn(.doctor, institution: try await clinic.makeInstitution())
            let directory = try await clinic.users.list(admin.scope)
            #expect(Set(directory.users.map(\.id)) == [admin.user.id, doctor.user.id])
            #expect(directory.stats.total == 2)
            #expect(directory.stats.byRole == ["doctor": 1, "radiologist": 0, "researcher": 0, "admin": 1])
            #expect(directory.stats.unverified == 2)
            await #expect { try await clinic.users.user(admin.scope, stranger.user.id) } throws: {
                isAppError($0, .notFound)
            }
            await #expect { try await clinic.users.list(doctor.scope) } throws: { isAppError($0, .forbidden) }
            await #expect { try await clinic.users.delete(doctor.scope, admin.user.id) } throws: {
                isAppError($0, .forbidden)
            }
            await #expect {
                try await clinic.users.updateUser(doctor.scope, admin.user.id, UserChange(firstName: "X"))
            } throws: {
                isAppError($0, .forbidden)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aDeletedAccountIsDead(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            try await clinic.users.delete(admin.scope, doctor.user.id)
            await #expect(throws: AppError.self) {
                try await clinic.sessions.authenticate(doctor.tokens.access, origin: RequestOrigin())
            }
            await #expect(throws: AppError.self) {
                try await clinic.sessions.refresh(doctor.tokens.refresh, origin: RequestOrigin())
            }
            await #expect { try await clinic.users.delete(admin.scope, doctor.user.id) } throws: {
                isAppError($0, .notFound)
            }
            // The doctor's cases are kept with the name; the address becomes free.
            #expect(try await clinic.cases.get(admin.scope, item.id).author == "Ada Lovelace")
            let form = Registration(
                email: doctor.user.email, password: "long enough", confirmPassword: "long enough", firstName: "B",
                lastName: "C")
            _ = try await clinic.users.register(form, origin: RequestOrigin())
        }
    }

    @Test(arguments: TestDatabase.all) func aNewAddressNeedsThePassword(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            func change(_ email: String, _ password: String? = nil) async throws -> User {
                try await clinic.users.updateProfile(
                    person.scope, UserChange(email: email, currentPassword: password))
            }
            // Clients send whole profiles.
            #expect(try await change(" \(person.user.email.uppercased())").email == person.user.email)
            for wrong in [nil, "", "wrong password"] {
                await #expect { try await change("new@clinic.org", wrong) } throws: {
                    isAppError($0, .validation, field: "currentPassword")
                }
            }
            #expect(try await change("new@clinic.org", FeaturesFixture.password).email == "new@clinic.org")
            // Administrators change other users' addresses without a password, but not their own.
            let admin = try await clinic.signIn(.admin)
            let given = UserChange(email: "given@clinic.org")
            #expect(
                try await clinic.users.updateUser(admin.scope, person.user.id, given).email == "given@clinic.org")
            await #expect {
                try await clinic.users.updateUser(admin.scope, admin.user.id, UserChange(email: "x@clinic.org"))
            } throws: {
                isAppError($0, .validation, field: "currentPassword")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func addressesAreTriedSoOften(_ kind: TestDatabase) async throws {
        var settings = SessionSettings()
        settings.throttling = ThrottleSettings(emailChanges: 3)
        try await FeaturesFixture.with(kind, settings: settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            let other = try await clinic.signIn(.doctor)
            let change = UserChange(email: other.user.email, currentPassword: FeaturesFixture.password)
            for code in [AppError.Code.validation, .validation, .validation, .tooManyRequests] {
                let error = await #expect(throws: AppError.self) {
                    try await clinic.users.updateProfile(person.scope, change)
                }
                #expect(error?.code == code && error?.message.contains("exists") == false)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func statisticsCountEverybody(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            try await clinic.database.write { connection in
                for number in 0..<1005 {
                    let now = clinic.clock.now
                    let user = User(
                        id: ID(), institutionID: admin.scope.institution, email: "d\(number)@clinic.org",
                        firstName: "D", lastName: "\(number)", role: .doctor, institution: "", specialty: "",
                        phoneNumber: "", isEmailVerified: number < 1002, createdAt: now, updatedAt: now)
                    try UserStore(connection).insert(user, passwordHash: "x")
                }
            }
            let directory = try await clinic.users.list(admin.scope)
            #expect(directory.users.count == Window.plainLimit)
            #expect(directory.stats.total == 1006 && directory.stats.byRole["doctor"] == 1005)
            #expect(directory.stats.verified == 1002 && directory.stats.unverified == 4)
        }
    }

    /// Each demotes the other at the same time.
    @Test(arguments: TestDatabase.all) func oneAdministratorIsLeft(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            for round in 0..<8 {
                let home = try await clinic.makeInstitution()
                let one = try await clinic.signIn(.admin, institution: home)
                let other = try await clinic.signIn(.admin, institution: home)
                let users = clinic.users
                async let first: Void? = try? users.delete(one.scope, other.user.id)
                async let second: User? = try? users.updateUser(
                    other.scope, one.user.id,
                    round.isMultiple(of: 2) ? UserChange(role: "doctor") : UserChange(isActive: false))
                _ = await (first, second)
                let left = try await clinic.database.read { try UserStore($0).admins(one.scope) }
                #expect(left == 1, "round \(round)")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func theLastAdminStays(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let admin = try await clinic.signIn(.admin)
            await #expect { try await clinic.users.delete(admin.scope, admin.user.id) } throws: {
                isAppError($0, .conflict)
            }
            await #expect {
                try await clinic.users.updateProfile(admin.scope, UserChange(role: "doctor"))
            } throws: {
                isAppError($0, .conflict)
            }
            let second = try await clinic.signIn(.admin)
            try await clinic.users.delete(second.scope, admin.user.id)
        }
    }

    @Test(arguments: TestDatabase.all) func theCommandLineMakesAdmins(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let form = Registration(
                email: "root@clinic.org", password: "long enough", confirmPassword: "long enough", firstName: "A",
                lastName: "B")
            let admin = try await clinic.users.createAdmin(form)
            #expect(admin.role == .admin)
        }
    }

    @Test func theJSONIsTheContracts() throws {
        let user = User(
            id: ID(), institutionID: ID(), email: "ada@clinic.org", firstName: "Ada", lastName: "Lovelace",
            role: .radiologist, institution: "C", specialty: "", phoneNumber: "", isEmailVerified: true,
            createdAt: Timestamp(microseconds: 0), updatedAt: Timestamp(microseconds: 0))
        let object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(user)) as? [String: NSObject])
        #expect(
            object.keys.sorted() == [
                "createdAt", "email", "firstName", "id", "institution", "isActive", "isEmailVerified", "isPending",
                "isSuperuser", "lastName", "phoneNumber", "role", "specialty", "updatedAt", "username",
            ])
        #expect(object["createdAt"] == "1970-01-01T00:00:00.000000Z" as NSString)
        let stats = try JSONEncoder().encode(UserStatistics(byRole: [.radiologist: 1], verified: 1))
        #expect(String(decoding: stats, as: UTF8.self).contains("\"total_users\":1"))
    }

    /// Only an administrator verifies an email address; changing the address removes the verification.
    @Test func nobodyVerifiesTheOwnAddress() throws {
        func user(verified: Bool) -> User {
            User(
                id: ID(), institutionID: ID(), email: "ada@clinic.org", firstName: "Ada", lastName: "Lovelace",
                role: .doctor, institution: "C", specialty: "", phoneNumber: "", isEmailVerified: verified,
                createdAt: Timestamp(microseconds: 0), updatedAt: Timestamp(microseconds: 0))
        }
        for (asker, isVerified) in [(Role.doctor, false), (.admin, true)] {
            let changed = try user(verified: false).changed(by: UserChange(isEmailVerified: true), asked: asker)
            #expect(changed.isEmailVerified == isVerified)
        }
        for (email, isVerified) in [("ADA@clinic.org", true), ("grace@clinic.org", false)] {
            let changed = try user(verified: true).changed(by: UserChange(email: email), asked: .doctor)
            #expect(changed.isEmailVerified == isVerified, "\(email)")
        }
    }

    /// Of several concurrent changes with the correct current password, only the first succeeds.
    @Test(arguments: TestDatabase.all) func aPasswordChangesOnceAtATime(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let results = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<4 {
                    let fresh = "battery staple \(number)"
                    let form = PasswordChange(
                        currentPassword: FeaturesFixture.password, newPassword: fresh, confirmPassword: fresh)
                    group.addTask { (try? await clinic.users.changePassword(person.principal, form)) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(results == 1)
        }
    }

    /// The operator can act only as an account that can sign in.
    @Test(arguments: TestDatabase.all) func noShellActsAsAClosedAccount(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let access = OperatorAccess(database: clinic.database)
            let scope = try await access.begin(as: " \(person.user.email.uppercased()) ")
            #expect(scope.user == person.user.id && scope.role == .doctor && !scope.isSuperuser)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_active = 0 WHERE id = \(person.user.id)")
            }
            await #expect { try await access.begin(as: person.user.id) } throws: { isAppError($0, .forbidden) }
            await #expect { try await access.begin(as: "nobody@clinic.org") } throws: { isAppError($0, .notFound) }
            #expect(try await clinic.actions().filter { $0 == "shell.start" }.count == 1)
        }
    }
}
