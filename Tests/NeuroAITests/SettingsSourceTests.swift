import Foundation
import TestSupport
import Testing

@testable import neuroai

/// The environment and `.env`.
@Suite struct SettingsSourceTests {
    @Test func linesOfTheFile() {
        let source = SettingsSource(
            environment: [:],
            file: """
                # A comment
                PORT=9000
                export HOST = 0.0.0.0
                SECRET_KEY="with = and # inside"
                JWT_KEY_ID='one'

                LOG_ROOT=
                nonsense
                METRICS_TOKEN="unbalanced'
                """)
        #expect(source.file["PORT"] == "9000")
        #expect(source.file["HOST"] == "0.0.0.0")
        #expect(source.file["SECRET_KEY"] == "with = and # inside")
        #expect(source.file["JWT_KEY_ID"] == "one")
        #expect(source.file["LOG_ROOT"]?.isEmpty == true)
        #expect(source.file["METRICS_TOKEN"] == "\"unbalanced'")
        #expect(source.unreadableLines == [8])
    }

    @Test func linesMayEndAsOnWindows() {
        let source = SettingsSource(environment: [:], file: "PORT=9000\r\nHOST=::1\r\n")
        #expect(source.file == ["PORT": "9000", "HOST": "::1"])
        #expect(source.unreadableLines.isEmpty)
    }

    @Test func theEnvironmentOverridesTheFile() {
        let source = SettingsSource(
            environment: ["PORT": "9001", "HOST": ""], file: "PORT=9000\nHOST=0.0.0.0\nLOG_KEEP=3")
        #expect(source.values["PORT"] == "9001")
        #expect(source.place(of: "PORT") == .environment)
        // An empty variable falls back to the value in the file.
        #expect(source.values["HOST"]?.isEmpty == true)
        #expect(source.place(of: "HOST") == .default)
        #expect(source.place(of: "LOG_KEEP") == .file)
        #expect(source.place(of: "DEBUG") == .default)
    }

    @Test func misspelledNamesAreReported() {
        let source = SettingsSource(
            environment: ["DATABASE_ULR": "x", "PATH": "/bin", "HOME": "/root", "MEDIA_ROT": "y"],
            file: "PROT=1\nFOO_BAR=2")
        let sentences = source.unknownNames.map(\.sentence)
        #expect(
            sentences == [
                "DATABASE_ULR is not a setting; did you mean DATABASE_URL?", "FOO_BAR is not a setting.",
                "MEDIA_ROT is not a setting; did you mean MEDIA_ROOT?", "PROT is not a setting; did you mean PORT?",
            ])
    }

    @Test func secretsAreReadFromFiles() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appendingPathComponent("secret").path
            try Data("from the file\n".utf8).write(to: URL(fileURLWithPath: file))
            let source = SettingsSource(
                environment: ["SECRET_KEY_FILE": file, "DATABASE_URL_FILE": "", "PORT_FILE": file],
                file: "SECRET_KEY=from .env")
            #expect(source.values["SECRET_KEY"] == "from the file")
            #expect(source.place(of: "SECRET_KEY") == .environment)
            #expect(source.secretFileFaults.isEmpty)
            // Only secrets are read from files.
            #expect(source.values["PORT"] == nil)
            #expect(source.unknownNames.map(\.name).contains("SECRET_KEY_FILE") == false)
        }
    }

    @Test func filesOfSecretsThatCanNotBeUsed() {
        let missing = SettingsSource(environment: ["METRICS_TOKEN_FILE": "/nowhere/token"], file: "")
        #expect(missing.secretFileFaults == ["METRICS_TOKEN_FILE: the file can't be read."])
        #expect(SettingsReport(missing).isValid == false)
        let both = SettingsSource(environment: ["SECRET_KEY": "a", "SECRET_KEY_FILE": "/nowhere/key"], file: "")
        #expect(both.secretFileFaults == ["SECRET_KEY and SECRET_KEY_FILE are both set. Unset one of them."])
    }

    @Test(arguments: [
        ("", "", 0), ("PORT", "PORT", 0), ("PORT", "", 4), ("PORT", "PROT", 2), ("HOST", "HOSTS", 1),
        ("kitten", "sitting", 3),
    ])
    func distancesAreLevenshteins(_ first: String, _ second: String, _ distance: Int) {
        #expect(Spelling.distance(first, second) == distance)
        #expect(Spelling.distance(second, first) == distance)
    }

    @Test func aWordTooFarAwayIsNotSuggested() {
        #expect(Spelling.nearest(to: "PROT", among: ["PORT", "HOST"], within: 2) == "PORT")
        #expect(Spelling.nearest(to: "PROT", among: ["PORT", "HOST"], within: 1) == nil)
        #expect(Spelling.nearest(to: "PROT", among: [], within: 9) == nil)
    }
}
