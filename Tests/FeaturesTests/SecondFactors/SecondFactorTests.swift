import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct SecondFactorTests {
    private let origin = RequestOrigin()

    /// A user with a confirmed second factor.
    private static func enrolled(_ clinic: FeaturesFixture, _ role: Role = .doctor) async throws -> (
        Person, OneTimeCodes, [String]
    ) {
        let person = try await clinic.signIn(role)
        _ = try await clinic.sessions.secondFactors.enrol(person.principal, password: FeaturesFixture.password)
        let codes = try await codes(clinic, person)
        let recovery = try await clinic.sessions.secondFactors.confirm(person.principal, code: clinic.code(codes))
        return (person, codes, recovery.recoveryCodes)
    }

    private static func codes(_ clinic: FeaturesFixture, _ person: Person) async throws -> OneTimeCodes {
        let factor = try await clinic.database.read { try SecondFactorStore($0).find(person.user.id) }
        let sealed = try #require(factor?.secret)
        return OneTimeCodes(
            secret: try #require(clinic.sessions.signer.box.open(sealed, for: person.user.id.string)))
    }

    private func login(_ clinic: FeaturesFixture, _ person: Person, _ code: String?) async throws {
        _ = try await clinic.sessions.login(
            email: person.user.email, password: FeaturesFixture.password, code: code, origin: origin)
    }

    @Test(arguments: TestDatabase.all) func signingInNeedsACodeOnce(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (person, codes, _) = try await Self.enrolled(clinic)
            await #expect { try await login(clinic, person, nil) } throws: { isAppError($0, .codeRequired) }
            await #expect { try await login(clinic, person, "") } throws: { isAppError($0, .codeRequired) }
            // The code was already used for the confirmation.
            await #expect { try await login(clinic, person, clinic.code(codes)) } throws: {
                isAppError($0, .unauthenticated)
            }
            clinic.clock.advance(by: .seconds(30))
            let code = clinic.code(codes)
            try await login(clinic, person, code)
            await #expect { try await login(clinic, person, code) } throws: { isAppError($0, .unauthenticated) }
            // A wrong password reveals nothing about codes.
            let error = await #expect(throws: AppError.self) {
                try await clinic.sessions.login(email: person.user.email, password: "wrong password", origin: origin)
            }
            #expect(error?.message == "Invalid credentials")
            clinic.clock.advance(by: .seconds(90))
            await #expect { try await login(clinic, person, code) } throws: { isAppError($0, .unauthenticated) }
        }
    }

    @Test(arguments: TestDatabase.all) func aRecoveryCodeIsGoodOnce(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (person, _, recovery) = try await Self.enrolled(clinic)
            #expect(Set(recovery).count == 10)
            try await login(clinic, person, recovery[0].uppercased().replacing("-", with: " "))
            await #expect { try await login(clinic, person, recovery[0]) } throws: { isAppError($0, .unauthenticated) }
            try await login(clinic, person, recovery[1])
            let status = try await clinic.sessions.secondFactors.status(person.principal)
            #expect(status == SecondFactorStatus(isEnabled: true, isRequired: false, recoveryCodesLeft: 8))
            #expect(try await clinic.actions().contains("second_factor.recover"))
            // Neither secrets nor codes are stored in plain text.
            #expect(try await clinic.count("recovery_codes WHERE digest = '\(RecoveryCodes.plain(recovery[2]))'") == 0)
            // Another user's code is invalid.
            let (other, _, _) = try await Self.enrolled(clinic)
            await #expect { try await login(clinic, other, recovery[3]) } throws: { isAppError($0, .unauthenticated) }
        }
    }

    @Test(arguments: TestDatabase.all) func aCodeTurnsItOff(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (person, codes, _) = try await Self.enrolled(clinic)
            let factors = clinic.sessions.secondFactors
            // That code was used for the confirmation and is no longer valid.
            for wrong in ["", "123", clinic.code(codes)] {
                await #expect {
                    try await factors.disable(person.principal, password: FeaturesFixture.password, code: wrong)
                } throws: {
                    isAppError($0, .validation)
                }
            }
            clinic.clock.advance(by: .seconds(30))
            await #expect {
                try await factors.disable(person.principal, password: "wrong password", code: clinic.code(codes))
            } throws: {
                isAppError($0, .validation, field: "password")
            }
            try await factors.disable(person.principal, password: FeaturesFixture.password, code: clinic.code(codes))
            try await login(clinic, person, nil)
            #expect(try await factors.status(person.principal).isEnabled == false)
            let (other, _, others) = try await Self.enrolled(clinic)
            try await factors.disable(other.principal, password: FeaturesFixture.password, code: others[0])
            try await login(clinic, other, nil)
        }
    }

    @Test(arguments: TestDatabase.all) func whatWaitsForItsFirstCodeIsShownAgain(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let factors = clinic.sessions.secondFactors
            #expect(try await factors.pending(person.principal) == nil)
            let begun = try await factors.enrol(person.principal, password: FeaturesFixture.password)
            #expect(try await factors.pending(person.principal) == begun)
            let picture = String(decoding: try begun.picture(), as: UTF8.self)
            #expect(picture.hasPrefix("<svg ") && !picture.contains(begun.secret))
            _ = try await factors.confirm(person.principal, code: clinic.code(Self.codes(clinic, person)))
            #expect(try await factors.pending(person.principal) == nil)
        }
    }

    @Test(arguments: TestDatabase.all) func wrongCodesAreThrottled(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (person, codes, _) = try await Self.enrolled(clinic)
            clinic.clock.advance(by: .seconds(60))
            let right = clinic.code(codes)
            for number in 0..<10 {
                let wrong = right == "00000\(number)" ? "999999" : "00000\(number)"
                await #expect { try await login(clinic, person, wrong) } throws: { isAppError($0, .unauthenticated) }
            }
            await #expect { try await login(clinic, person, right) } throws: { isAppError($0, .tooManyRequests) }
        }
    }

    @Test(arguments: TestDatabase.all) func enrollingNeedsAWorkingApp(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let service = clinic.sessions.secondFactors
            await #expect { try await service.confirm(person.principal, code: "123456") } throws: {
                isAppError($0, .conflict)
            }
            for wrong in ["", "wrong password"] {
                await #expect { try await service.enrol(person.principal, password: wrong) } throws: {
                    isAppError($0, .validation, field: "password")
                }
            }
            let first = try await service.enrol(person.principal, password: FeaturesFixture.password)
            let again = try await service.enrol(person.principal, password: FeaturesFixture.password)
            #expect(first.secret != again.secret && again.uri.contains("secret=\(again.secret)"))
            let codes = try await Self.codes(clinic, person)
            #expect(codes.base32 == again.secret)
            let wrong = clinic.code(codes) == "123456" ? "654321" : "123456"
            await #expect { try await service.confirm(person.principal, code: wrong) } throws: {
                isAppError($0, .validation, field: "code")
            }
            // Unconfirmed, it requires no code.
            try await login(clinic, person, nil)
            _ = try await service.confirm(person.principal, code: clinic.code(codes))
            await #expect { try await service.enrol(person.principal, password: FeaturesFixture.password) } throws: {
                isAppError($0, .conflict)
            }
            await #expect { try await service.disable(person.principal, password: "wrong password") } throws: {
                isAppError($0, .validation, field: "password")
            }
            try await service.disable(person.principal, password: FeaturesFixture.password)
            try await login(clinic, person, nil)
            #expect(try await clinic.count("recovery_codes") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func anAdminHelpsWhoLostIt(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (person, _, _) = try await Self.enrolled(clinic)
            let admin = try await clinic.signIn(.admin)
            let stranger = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            let service = clinic.sessions.secondFactors
            await #expect { try await service.reset(person.scope, person.user.id) } throws: {
                isAppError($0, .forbidden)
            }
            await #expect { try await service.reset(stranger.scope, person.user.id) } throws: {
                isAppError($0, .notFound)
            }
            try await service.reset(admin.scope, person.user.id)
            try await login(clinic, person, nil)
        }
    }

    @Test(arguments: TestDatabase.all) func adminsMayHaveToHaveOne(_ kind: TestDatabase) async throws {
        var settings = SessionSettings()
        settings.requiresAdminSecondFactor = true
        try await FeaturesFixture.with(kind, settings: settings) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            #expect(!doctor.principal.mustEnrol)
            let (admin, codes, _) = try await Self.enrolled(clinic, .admin)
            #expect(admin.principal.mustEnrol)
            #expect(try await !clinic.again(admin).principal.mustEnrol)
            clinic.clock.advance(by: .seconds(60))
            try await login(clinic, admin, clinic.code(codes))
            #expect(try await clinic.sessions.secondFactors.status(admin.principal).isRequired)
        }
    }
}

@Suite struct OneTimeCodesTests {
    /// RFC 6238, appendix B, for SHA-1, which uses eight digits.
    @Test(arguments: [
        (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
    ]) func theStandardsCodes(_ seconds: Int, _ code: String) {
        let codes = OneTimeCodes(secret: Data("12345678901234567890".utf8))
        let time = Timestamp(microseconds: Int64(seconds) * 1_000_000)
        #expect(codes.code(step: OneTimeCodes.step(at: time), digits: 8) == code)
        #expect(codes.step(of: String(code.suffix(6)), at: time) == OneTimeCodes.step(at: time))
    }

    /// RFC 4226, appendix D.
    @Test func theStandardsCounters() {
        let codes = OneTimeCodes(secret: Data("12345678901234567890".utf8))
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ]
        #expect((0..<10).map { codes.code(step: Int64($0)) } == expected)
    }

    @Test func oneStepAsideIsAllowed() {
        let codes = OneTimeCodes.fresh()
        let time = Timestamp(microseconds: 3_000_000_000)
        let step = OneTimeCodes.step(at: time)
        for (offset, isTaken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = codes.code(step: step + Int64(offset))
            #expect((codes.step(of: code, at: time) == step + Int64(offset)) == isTaken)
        }
        #expect(codes.step(of: "", at: time) == nil)
    }

    /// RFC 4648 §10, without padding.
    @Test(arguments: [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")])
    func base32(_ text: String, _ expected: String) {
        #expect(OneTimeCodes(secret: Data(text.utf8)).base32 == expected)
    }
}

@Suite struct SecretBoxTests {
    @Test func onlyTheOwnerOpens() throws {
        let box = SecretBox(secret: "one secret")
        let sealed = try box.seal(Data("text".utf8), for: "ada")
        #expect(box.open(sealed, for: "ada") == Data("text".utf8))
        #expect(box.open(sealed, for: "eve") == nil)
        #expect(SecretBox(secret: "another").open(sealed, for: "ada") == nil)
        #expect(box.open("AAAA" + sealed.dropFirst(4), for: "ada") == nil)
        let rotated = SecretBox(secret: "another", fallbacks: ["one secret"])
        #expect(rotated.open(sealed, for: "ada") == Data("text".utf8))
        #expect(rotated.digests("x") == [SecretBox(secret: "another").digest("x"), box.digest("x")])
    }
}

extension FeaturesFixture {
    /// The current code.
    func code(_ codes: OneTimeCodes) -> String {
        codes.code(step: OneTimeCodes.step(at: clock.now))
    }
}
