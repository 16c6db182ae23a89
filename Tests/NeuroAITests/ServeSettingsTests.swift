import Features
import Foundation
import Kernel
import Testing
import Web

@testable import neuroai

/// How the server interprets its settings.
@Suite struct ServeSettingsTests {
    private func serving(_ values: [String: String] = [:]) throws -> ServeSettings {
        try ServeSettings(Settings(values))
    }

    @Test func unitsOfTimeAndSize() throws {
        let settings = try serving([
            "FILE_URL_LIFETIME": "2", "CASE_RETENTION_DAYS": "3", "UPLOAD_LIFETIME_HOURS": "4",
            "INSTITUTION_QUOTA": "5 GiB",
            "INVITATION_LIFETIME": "6", "JWT_ACCESS_TOKEN_LIFETIME": "7", "JWT_REFRESH_TOKEN_LIFETIME": "8",
        ])
        #expect(settings.fileURLLifetime == .seconds(120))
        #expect(settings.caseRetention == .seconds(3 * 86_400))
        #expect(settings.uploadLifetime == .seconds(4 * 3600))
        #expect(settings.institutionQuota == 5 << 30)
        #expect(settings.signIn.accounts.invitationLifetime == .seconds(6 * 3600))
        #expect(settings.signIn.sessions.accessLifetime == .seconds(7 * 60))
        #expect(settings.signIn.sessions.refreshLifetime == .seconds(8 * 60))
        #expect(try serving().institutionQuota == nil)
    }

    @Test func hostsThatAreAnswered() throws {
        #expect(Set(try serving().web.allowedHosts) == Set(WebSettings.localHosts + ["127.0.0.1"]))
        #expect(try serving(["HOST": "::1"]).web.allowedHosts.contains("[::1]"))
        #expect(try serving(["HOST": "192.0.2.7"]).web.allowedHosts.contains("192.0.2.7"))
        let named = try serving([
            "ALLOWED_HOSTS": "mri.example.org", "PUBLIC_URL": "https://neuroai.example.org/", "HOST": "0.0.0.0",
        ])
        #expect(named.web.allowedHosts == ["mri.example.org", "neuroai.example.org"])
        #expect(named.web.publicURL == "https://neuroai.example.org")
    }

    // MARK: Registration

    @Test(
        arguments: [
            ([:], .open), (["HOST": "0.0.0.0"], .closed), (["ALLOW_REGISTRATION": "false"], .closed),
            (["HOST": "0.0.0.0", "ALLOW_REGISTRATION": "true"], .open),
            (["REGISTRATION": "approval", "ALLOW_REGISTRATION": "true"], .approval),
            (["REGISTRATION": "CLOSED"], .closed),
        ] as [([String: String], RegistrationMode)])
    func whoMayRegister(_ values: [String: String], _ mode: RegistrationMode) throws {
        #expect(try serving(values).signIn.accounts.registration == mode)
    }

    // MARK: Passwords and tokens

    @Test func argonNeedsMemoryForEachLane() throws {
        #expect(throws: SettingsError.self) { try serving(["ARGON2_LANES": "4", "ARGON2_KIB": "31"]) }
        let cost = try serving(["ARGON2_LANES": "4", "ARGON2_KIB": "32", "ARGON2_PASSES": "3"]).signIn.hashing
        #expect((cost.lanes, cost.kibibytes, cost.passes) == (4, 32, 3))
    }

    @Test func aMissingListOfCommonPasswordsIsNoticed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        #expect(try serving(["COMMON_PASSWORDS_PATH": folder.path]).signIn.lacksCommonPasswords)
    }

    @Test func limitsOfSignIn() throws {
        let throttling = try serving([
            "LOGIN_ATTEMPTS": "3", "LOGIN_ATTEMPTS_PER_ADDRESS": "30", "REGISTRATIONS_PER_ADDRESS": "5",
            "REQUIRE_ADMIN_TOTP": "yes",
        ]).signIn.sessions
        #expect(throttling.throttling.account.attempts == 3)
        #expect(throttling.throttling.address.attempts == 30)
        #expect(throttling.throttling.registrations.attempts == 5)
        #expect(throttling.requiresAdminSecondFactor)
        #expect(try !serving().signIn.sessions.requiresAdminSecondFactor)
    }

    @Test(arguments: [
        ["JWT_ALGORITHM": "RS256"], ["JWT_ALGORITHM": "EdDSA", "JWT_PRIVATE_KEY": "/nowhere.pem"],
        ["JWT_ALGORITHM": "EdDSA", "JWT_PRIVATE_KEY": "/nowhere.pem", "JWT_KEY_ID": "one"],
        ["JWT_VERIFICATION_KEYS": "one"], ["JWT_VERIFICATION_KEYS": "one=/nowhere.pem"],
    ])
    func keysThatCanNotBeUsed(_ values: [String: String]) {
        #expect(throws: SettingsError.self) { try serving(values) }
    }

    @Test func formerSecretsAreAList() throws {
        #expect(try serving(["SECRET_KEY_FALLBACKS": "one, two"]).signIn.formerSecrets == ["one", "two"])
    }
}

/// `neuroai check`.
@Suite struct SettingsReportTests {
    private func report(_ environment: [String: String], file: String = "") -> SettingsReport {
        SettingsReport(SettingsSource(environment: environment, file: file))
    }

    private func row(_ name: String, _ environment: [String: String], file: String = "") throws -> SettingsReport.Row {
        try #require(report(environment, file: file).settings.first { $0.name == name })
    }

    @Test func eachSettingHasItsSource() throws {
        let (environment, file) = (["PORT": "9001"], "LOG_KEEP=7")
        #expect(try row("PORT", environment, file: file).source == "environment")
        #expect(try row("PORT", environment, file: file).value == "9001")
        #expect(try row("LOG_KEEP", environment, file: file).source == ".env")
        #expect(try row("DEBUG", environment, file: file).source == "default")
        #expect(try row("DEBUG", environment, file: file).value == "false")
    }

    @Test func secretsStayHidden() {
        let text = report([
            "SECRET_KEY": "0123456789abcdef0123456789abcdef", "METRICS_TOKEN": "token-of-the-metrics",
            "DATABASE_URL": "postgresql://neuroai:hunter2@db/neuroai",
        ]).text
        for secret in ["0123456789abcdef", "token-of-the", "hunter2"] { #expect(!text.contains(secret), "\(secret)") }
    }

    @Test func everyFaultIsReportedAtOnce() throws {
        let report = report(["PORT": "0", "LOG_KEEP": "many"], file: "what is this")
        #expect(!report.isValid)
        #expect(report.settings.compactMap(\.fault).count == 2)
        #expect(report.faults == ["Line 1 of .env is not NAME=value."])
        #expect(report.text.contains("ERROR: PORT must be a whole number from 1 to 65535."))
        #expect(!report.text.contains("All settings are valid."))
    }

    @Test func settingsThatContradictEachOther() throws {
        let row = try row("JWT_VERIFICATION_KEYS", ["JWT_VERIFICATION_KEYS": "one=/nowhere.pem"])
        #expect(row.fault == "JWT_VERIFICATION_KEYS: cannot read the file.")
        #expect(try self.row("SEGMENTATION_MODEL_PATH", ["SEGMENTATION_MODEL_PATH": "/nowhere"]).fault != nil)
        #expect(
            try self.row("MEDIA_ROOT", ["MEDIA_ROOT": "/etc/passwd/media"]).fault
                == "MEDIA_ROOT is not a writable directory."
        )
    }

    @Test func openRegistrationForEverybodyIsWarnedOf() throws {
        let note = try row("REGISTRATION", ["HOST": "0.0.0.0", "REGISTRATION": "open"]).note
        #expect(note?.hasPrefix("WARNING: registration is open") == true)
        #expect(try row("REGISTRATION", ["HOST": "0.0.0.0"]).note == "is closed")
        #expect(try row("REGISTRATION", ["REGISTRATION": "open"]).note == nil)
    }

    @Test func metricsBehindAProxyNeedAToken() throws {
        #expect(
            try row("METRICS_TOKEN", ["PUBLIC_URL": "https://neuroai.example.org"]).note?.contains("disabled") == true)
        #expect(try row("METRICS_TOKEN", ["HOST": "0.0.0.0"]).note?.contains("not loopback") == true)
        #expect(try row("METRICS_TOKEN", ["HOST": "127.0.0.1"]).note == nil)
        #expect(
            try row("METRICS_TOKEN", ["HOST": "0.0.0.0", "METRICS_TOKEN": "sixteen-letters-"]).note == nil)
    }

    @Test func aSettingWithoutEffectSaysSo() throws {
        #expect(try row("LLM_MODEL_PATH", ["LLM_MODEL_PATH": "/models/llm"]).note?.hasPrefix("No effect yet") == true)
        #expect(try row("LLM_MODEL_PATH", [:]).note == nil)
    }

    @Test func theExampleIsAFileOfComments() {
        let source = SettingsSource(environment: [:], file: SettingsCatalogue.example)
        #expect(source.file.isEmpty)
        #expect(source.unreadableLines.isEmpty)
        for setting in SettingsCatalogue.all {
            #expect(SettingsCatalogue.example.contains("#\(setting.name)="))
            #expect(SettingsCatalogue.reference.contains("| `\(setting.name)` |"))
        }
    }
}
