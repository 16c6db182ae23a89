import Foundation
import Storage
import TestSupport
import Testing

@testable import Features

@Suite struct PasswordHasherTests {
    @Test func hashesDifferAndVerify() async throws {
        let hasher = try PasswordHasher(cost: .least)
        let first = try await hasher.hash("correct horse")
        let second = try await hasher.hash("correct horse")
        #expect(first != second)
        #expect(first.hasPrefix("$argon2id$"))
        #expect(try await hasher.verify("correct horse", against: first))
        #expect(try await !hasher.verify("correct horsf", against: first))
        #expect(try await !hasher.verify("", against: first))
        #expect(try await !hasher.verify("a password that nobody has", against: nil))
        #expect(try await !hasher.verify("x", against: ""))
    }

    @Test func theStandardCostIsOneThatArgonTakes() async throws {
        let hasher = try PasswordHasher()
        let hash = try await hasher.hash("correct horse")
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await hasher.verify("correct horse", against: hash))
        #expect(!hasher.isOutdated(hash))
        #expect(try PasswordHasher(cost: .least).isOutdated(hash))
    }

    /// As `hashlib.pbkdf2_hmac` of Python, which Django uses, makes it.
    static let django = "pbkdf2_sha256$1000$abcSALT$hHl8YFmRmG2V+iAs4zHQSXckXLiWQl39/UyzaQ6Lizo="

    @Test func aHashOfDjangoVerifies() async throws {
        let hasher = try PasswordHasher(cost: .least)
        #expect(try await hasher.verify("correct horse", against: Self.django))
        #expect(try await !hasher.verify("correct horsf", against: Self.django))
        #expect(hasher.isOutdated(Self.django))
    }

    @Test(arguments: [
        "pbkdf2_sha256$999999999$salt$4kXwJqhHRzkxLG7VEGEMeHUZ6YUjUbpLMGJFbwyRwpE=", "pbkdf2_sha256$0$salt$AAAA",
        "pbkdf2_sha256$1000$$4kXwJqhHRzkxLG7VEGEMeHUZ6YUjUbpLMGJFbwyRwpE=", "pbkdf2_sha256$1000$salt$AAAA",
        "pbkdf2_sha256$1000$salt", "pbkdf2_sha1$1000$salt$AAAA", "",
    ]) func aMadeUpHashIsNone(_ text: String) async throws {
        #expect(DjangoHash(text) == nil)
        #expect(try await !PasswordHasher(cost: .least).verify("correct horse", against: text))
    }

    @Test func aFloodIsTurnedAway() async throws {
        let hasher = try PasswordHasher(cost: .init(passes: 2, kibibytes: 8192, lanes: 1), threads: 1, queueLimit: 3)
        let outcomes = await withTaskGroup(of: AppError.Code?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        _ = try await hasher.hash("correct horse")
                        return nil
                    } catch {
                        return (error as? AppError)?.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.contains(nil) && outcomes.contains(.tooManyRequests))
        // Afterwards there is room again.
        _ = try await hasher.hash("correct horse")
    }

    @Test(arguments: TestDatabase.all) func anImportedHashIsMadeAnewAtTheFirstSignIn(_ kind: TestDatabase) async throws
    {
        try await Clinic.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET password_hash = \(Self.django) WHERE id = \(person.user.id)")
            }
            for _ in 0..<2 {
                _ = try await clinic.sessions.login(
                    email: person.user.email, password: Clinic.password, origin: RequestOrigin())
                let stored = try await clinic.database.read { try UserStore($0).passwordHash(person.scope) }
                #expect(stored?.hasPrefix("$argon2id$") == true)
            }
            #expect(try await clinic.actions().filter { $0 == "user.rehash_password" }.count == 1)
        }
    }
}
