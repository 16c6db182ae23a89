import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

@Suite struct PrincipalCacheTests {
    private static let key = PrincipalCache.Key(token: "a token", institution: nil)

    /// Counts lookups, each with a different result.
    private final class Register: Sendable {
        private let count = Mutex(0)

        var lookUps: Int { count.withLock { $0 } }

        func find() -> Principal {
            count.withLock { $0 += 1 }
            return Principal(
                scope: Scope(institution: ID(), user: ID(), role: .doctor), session: ID(), lastUsedAt: .now)
        }
    }

    @Test func whatWasFoundIsRememberedUnderItsTokenAndInstitution() async throws {
        let cache = PrincipalCache(lifetime: .seconds(60))
        let register = Register()
        let first = try await cache.principal(for: Self.key, origin: RequestOrigin()) { register.find() }
        let origin = RequestOrigin(requestID: "second")
        let second = try await cache.principal(for: Self.key, origin: origin) { register.find() }
        #expect(second == first.asking(from: origin))
        #expect(second.scope.origin == origin)
        let elsewhere = PrincipalCache.Key(token: Self.key.token, institution: ID())
        #expect(try await cache.principal(for: elsewhere, origin: origin) { register.find() } != second)
        #expect(register.lookUps == 2)
    }

    @Test func nothingIsRememberedBeyondItsTime() async throws {
        let cache = PrincipalCache(lifetime: .zero)
        let register = Register()
        for _ in 0..<3 {
            _ = try await cache.principal(for: Self.key, origin: RequestOrigin()) { register.find() }
        }
        #expect(register.lookUps == 3)
    }

    @Test func aLookUpThatBeganBeforeAChangeIsNotRemembered() async throws {
        let cache = PrincipalCache(lifetime: .seconds(60))
        let register = Register()
        _ = try await cache.principal(for: Self.key, origin: RequestOrigin()) {
            let found = register.find()
            cache.forgetAll()
            return found
        }
        _ = try await cache.principal(for: Self.key, origin: RequestOrigin()) { register.find() }
        #expect(register.lookUps == 2)
        _ = try await cache.principal(for: Self.key, origin: RequestOrigin()) { register.find() }
        #expect(register.lookUps == 2)
    }

    /// Changes by another process apply within a second.
    @Test(arguments: TestDatabase.all) func aSessionEndedElsewhereIsOverWithinASecond(kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            #expect(try await clinic.call(.get, "/api/users/profile/", as: token).status == .ok)
            try await clinic.database.write {
                try $0.execute("UPDATE sessions SET ended_at = 1, end_reason = 'logout'")
            }
            try await Task.sleep(for: .seconds(1))
            #expect(try await clinic.call(.get, "/api/users/profile/", as: token).status == .unauthorized)
        }
    }
}
