import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Sessions and sign-ins at the exact limits.
@Suite struct SessionLimitsTests {
    private static let origin = RequestOrigin(requestID: "r-1", address: "192.0.2.7")

    @Test(arguments: TestDatabase.all) func aTokenIsRenewedFromHalfOfItsTimeOn(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            let half = clinic.sessions.lifetimes.accessLifetime / 2
            clinic.clock.advance(by: half - .seconds(1))
            #expect(try await !clinic.again(person).principal.needsRenewal)
            clinic.clock.advance(by: .seconds(2))
            #expect(try await clinic.again(person).principal.needsRenewal)
        }
    }

    /// A token is identified by its id; one that names another session than its own is rejected.
    @Test(arguments: TestDatabase.all) func aTokenRefreshesItsOwnSessionAlone(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (ada, eve) = (try await clinic.signIn(.doctor), try await clinic.signIn(.doctor))
            let signer = clinic.sessions.signer
            let now = clinic.clock.now
            let own = try #require(await signer.claims(ada.tokens.refresh, use: .refresh, at: now))
            let other = try #require(await signer.claims(eve.tokens.refresh, use: .refresh, at: now))
            let mixed = SessionClaims(
                use: .refresh, user: own.user, institution: own.institution, session: own.session, id: other.id,
                issuedAt: own.issuedAt, expiresAt: own.expiresAt)
            let token = try await signer.sign(mixed)
            await #expect { try await clinic.sessions.refresh(token, origin: Self.origin) } throws: {
                isAppError($0, .unauthenticated)
            }
            // This neither refreshed nor ended either session.
            for person in [ada, eve] {
                _ = try await clinic.sessions.refresh(person.tokens.refresh, origin: Self.origin)
            }
        }
    }

    /// A rotated token stays valid for a grace period, whose length depends on whether the next token has been used.
    @Test(arguments: [(false, 10, true), (false, 11, false), (true, 30, true), (true, 31, false)])
    func aGraceLastsToItsLastMoment(isNextUsed: Bool, _ age: Int, _ isGood: Bool) async throws {
        let settings = SessionSettings(heldGrace: .seconds(10), rotatedGrace: .seconds(30))
        try await FeaturesFixture.with(.sqlite, settings: settings) { clinic in
            let person = try await clinic.signIn(.doctor)
            let next = try await clinic.sessions.refresh(person.tokens.refresh, origin: Self.origin)
            if isNextUsed { _ = try await clinic.sessions.refresh(next.refresh, origin: Self.origin) }
            clinic.clock.advance(by: .seconds(age))
            let again = try? await clinic.sessions.refresh(person.tokens.refresh, origin: Self.origin)
            #expect((again != nil) == isGood)
        }
    }

    /// A fraction of a second is rounded up, or a client that waits as instructed would retry too early.
    @Test(arguments: TestDatabase.all) func theTimeToWaitIsRoundedUp(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let rule = ThrottleRule("test", attempts: 3, window: .seconds(900))
            func admit() async throws { try await clinic.sessions.throttle.admit([Attempt(rule: rule, name: "ada")]) }
            for _ in 0..<3 { try await admit() }
            clinic.clock.advance(by: .milliseconds(99_500))
            let error = await #expect(throws: AppError.self) { try await admit() }
            #expect(error?.retryAfter == 201)
            clinic.clock.advance(by: .milliseconds(200_499))
            await #expect(throws: AppError.self) { try await admit() }
            clinic.clock.advance(by: .milliseconds(1))
            try await admit()
            // With several rules, the longest wait applies.
            let long = Attempt(rule: ThrottleRule("long", attempts: 1, window: .seconds(5000)), name: "ada")
            let free = Attempt(rule: ThrottleRule("free", attempts: 9, window: .seconds(9)), name: "ada")
            try await clinic.sessions.throttle.admit([long])
            let refused = await #expect(throws: AppError.self) {
                try await clinic.sessions.throttle.admit([free, long])
            }
            #expect(refused?.retryAfter == 5000)
        }
    }

    @Test func aSecretHasAsManyBytesAsItsHash() async throws {
        _ = try await TokenSigner(secret: String(repeating: "a", count: 32))
        await #expect(throws: AppError.self) { try await TokenSigner(secret: String(repeating: "a", count: 31)) }
    }

    /// The correct password of a deactivated account gets the same refusal as a wrong one and is recorded in the trail.
    @Test(arguments: TestDatabase.all) func aClosedAccountsSignInIsRecorded(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_active = 0 WHERE id = \(person.user.id)")
            }
            let error = await #expect(throws: AppError.self) {
                try await clinic.sessions.login(
                    email: person.user.email, password: FeaturesFixture.password, origin: Self.origin)
            }
            #expect(error?.code == .unauthenticated && error?.message == "Invalid credentials")
            #expect(try await clinic.actions(.refused) == ["session.start"])
        }
    }

    /// Characters are counted, not bytes, and surrounding white space is not.
    @Test func aTextMayBeAsLongAsItsLimit() throws {
        for (length, isTaken) in [(80, true), (81, false)] {
            var check = Validation()
            _ = check.text("notes", " \(String(repeating: "ä", count: length)) ", atMost: 80)
            #expect((check.error == nil) == isTaken, "\(length)")
        }
    }
}
