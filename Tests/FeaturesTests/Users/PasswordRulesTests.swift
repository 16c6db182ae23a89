import Foundation
import TestSupport
import Testing

@testable import Features

@Suite struct PasswordRulesTests {
    private static let rules = PasswordRules(
        common: CommonPasswords(words: ["password", "qwertyuiop", "dragon", "abc"]))
    private static let names = ["Ada@Clinic.org", "ada", "Adalbertina", "Lovelace"]

    @Test(arguments: [
        "short", String(repeating: "x", count: 129), "aaaaaaaa", "12345678", "1234567890", "hgfedcba", "ada@clinic.org",
        "ADALBERTINA", "lovelace", "PassWord", "password123", "123password!", "Dragon2024", "qwertyuiop",
    ]) func thisIsRefused(_ password: String) {
        #expect(Self.rules.fault(of: password, names: Self.names) != nil)
    }

    @Test(arguments: [
        "correct horse", "lovelace and others", "passwordless life", "ünïcödé wörter", "abc-abc-abc", "        x",
        String(repeating: "xy", count: 64), "13579246",
    ]) func thisIsTaken(_ password: String) {
        #expect(Self.rules.fault(of: password, names: Self.names) == nil)
    }

    @Test func theOperatorMayAskForMore() {
        let rules = PasswordRules(shortest: 12)
        #expect(rules.fault(of: "long enough", names: [])?.contains("12 to 128") == true)
        #expect(rules.fault(of: "long enough now", names: []) == nil)
    }

    /// Installed by `scripts/bootstrap`.
    @Test func debiansListIsRead() throws {
        let list = try CommonPasswords(path: CommonPasswords.debian)
        #expect(list.count > 40_000)
        for word in ["password", "iloveyou", "1q2w3e4r", "sunshine99", "qwerty123"] { #expect(list.contains(word)) }
        #expect(!list.contains("correct horse"))
        #expect(throws: (any Error).self) { try CommonPasswords(path: "/nowhere") }
    }

    @Test func aListOfTheOperatorsIsRead() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appendingPathComponent("words")
            try Data("Charité-Berlin\r\nHospital\n\nabc\nlast one".utf8).write(to: file)
            let list = try CommonPasswords(path: file.path)
            #expect(list.count == 3)
            for word in ["charité-berlin", "hospital", "last one"] { #expect(list.contains(word), "\(word)") }
            #expect(!list.contains("abc") && !list.contains("hospitals"))
        }
    }
}
