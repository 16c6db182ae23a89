import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

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

    /// The same letters from different keyboards: composed, decomposed, full-width, a ligature.
    @Test(arguments: [
        ("Stra\u{DF}enb\u{E4}r", "Stra\u{DF}enba\u{308}r"), ("\u{FF50}\u{FF41}ssword horse", "password horse"),
        ("o\u{FB03}ce horse", "office horse"), ("\u{212B}ngstrom 1814", "A\u{30A}ngstrom 1814"),
    ]) func passwordsAreNormalised(_ one: String, _ other: String) async throws {
        let hasher = try PasswordHasher(cost: .least)
        let hash = try await hasher.hash(one)
        #expect(try await hasher.verify(other, against: hash))
        #expect(try await hasher.verify(one, against: hash))
        #expect(try await hasher.verify(one, against: hasher.hash(other)))
        #expect(try await !hasher.verify(one + "x", against: hash))
        #expect(try await !hasher.verify(one, against: nil))
    }

    /// Hashed before passwords were normalised, and by Django, which does not normalise.
    @Test func aHashOfWhatWasTypedVerifies() async throws {
        let hasher = try PasswordHasher(cost: .least)
        // `o\u{FB03}ce horse`, hashed by argon2 itself.
        #expect(try await hasher.verify(Self.ligature, against: Self.unnormalised))
        #expect(try await hasher.verify(Self.ligature, against: Self.unnormalisedDjango))
        #expect(try await !hasher.verify("office horse", against: Self.unnormalised))
    }

    private static let ligature = "o\u{FB03}ce horse"
    private static let unnormalised =
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$jpEJL0qwMiXNAQZxXvaDjhakyCcPpf2v6G/kQCPQ/Mk"
    private static let unnormalisedDjango = "pbkdf2_sha256$1000$abcSALT$OT01kbm0Y7NR5+5xoJZX97rFnxMzuLg7iF6PfEcLHHo="

    @Test func theStandardCostIsOneThatArgonTakes() async throws {
        let hasher = try PasswordHasher()
        let hash = try await hasher.hash("correct horse")
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await hasher.verify("correct horse", against: hash))
        #expect(!hasher.isOutdated(hash))
        #expect(try PasswordHasher(cost: .least).isOutdated(hash))
    }

    /// Hashed by Python's `hashlib.pbkdf2_hmac`, which Django uses.
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
        // Afterwards the queue has room again.
        _ = try await hasher.hash("correct horse")
    }

    @Test(arguments: TestDatabase.all) func anImportedHashIsMadeAnewAtTheFirstSignIn(_ kind: TestDatabase) async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let person = try await clinic.signIn(.doctor)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET password_hash = \(Self.django) WHERE id = \(person.user.id)")
            }
            for _ in 0..<2 {
                _ = try await clinic.sessions.login(
                    email: person.user.email, password: FeaturesFixture.password, origin: RequestOrigin())
                let stored = try await clinic.database.read { try UserStore($0).passwordHash(person.scope) }
                #expect(stored?.hasPrefix("$argon2id$") == true)
            }
            #expect(try await clinic.actions().filter { $0 == "user.rehash_password" }.count == 1)
        }
    }
}
