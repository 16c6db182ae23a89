import Testing

@testable import neuroai

/// The values that each kind of setting accepts, and its error messages.
@Suite struct SettingTests {
    @Test func integersEndAtTheirBounds() {
        let port = Setting("PORT", .integer(1...65_535), default: "8000", "Port.")
        for valid in ["1", "8000", "65535"] { #expect(port.fault(in: valid) == nil, "\(valid)") }
        for invalid in ["0", "65536", "-1", "8e3", "80 ", "eighty", "99999999999999999999"] {
            #expect(port.fault(in: invalid) == "PORT must be a whole number from 1 to 65535.", "\(invalid)")
        }
    }

    @Test func bytesTakeUnits() {
        let limit = Setting("LIMIT", .bytes(1000...(1 << 40)), default: nil, "Limit.")
        for valid in ["1000", "1 kB", "2 GiB", "1 TiB", "1tib"] { #expect(limit.fault(in: valid) == nil, "\(valid)") }
        for invalid in ["999", "1025 GiB", "1.5 GiB", "GiB", "-1000", "9999999999 TiB"] {
            #expect(limit.fault(in: invalid)?.hasPrefix("LIMIT must be 1000 to ") == true, "\(invalid)")
        }
    }

    @Test(arguments: [
        ("true", true), ("Yes", true), ("ON", true), ("1", true), ("false", false), ("no", false), ("0", false),
    ])
    func flagsAreSpelledAsDjangoDoes(_ text: String, _ value: Bool) {
        #expect(Setting.flag(text) == value)
    }

    @Test func aFlagIsNotGuessed() {
        let debug = Setting("DEBUG", .flag, default: "false", "Debug.")
        for text in ["maybe", "2", "t", "enabled"] {
            #expect(Setting.flag(text) == nil)
            #expect(debug.fault(in: text) == "DEBUG must be true or false.")
        }
    }

    @Test func choicesIgnoreCase() {
        let level = Setting("LOG_LEVEL", .choice(["info", "error"]), default: "info", "Level.")
        #expect(level.fault(in: "INFO") == nil)
        #expect(level.fault(in: "verbose") == "LOG_LEVEL must be one of info, error.")
    }

    @Test func secretsAreNotDisplayed() {
        let secret = Setting("SECRET_KEY", .text, default: nil, secrecy: .secret, "Key.")
        #expect(!secret.shown("a very secret key").contains("secret key"))
        let address = Setting("DATABASE_URL", .text, default: nil, secrecy: .password, "Database.")
        #expect(
            address.shown("postgresql://neuroai:hunter2@db:5432/neuroai")
                == "postgresql://neuroai:(not shown)@db:5432/neuroai")
        #expect(address.shown("sqlite:///db.sqlite3") == "sqlite:///db.sqlite3")
        #expect(Setting("HOST", .text, default: nil, "Host.").shown("::1") == "::1")
    }

    /// A default that fails its own validation would stop every command of an installation without settings.
    @Test func everyDefaultIsValid() {
        for setting in SettingsCatalogue.all {
            #expect(setting.defaultValue.flatMap(setting.fault) == nil, "\(setting.name)")
        }
    }

    @Test func noNameIsListedTwice() {
        let names = SettingsCatalogue.all.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names { #expect(SettingsCatalogue.find(name)?.name == name) }
        #expect(SettingsCatalogue.find("NO_SUCH_SETTING") == nil)
    }

    /// The operator sees the error: it names the variable and does not reveal the value.
    @Test func errorsDoNotRepeatTheValue() {
        for setting in SettingsCatalogue.all {
            guard let fault = setting.fault(in: "hunter2 hunter2") else { continue }
            #expect(fault.hasPrefix(setting.name), "\(fault)")
            #expect(!fault.contains("hunter2"), "\(fault)")
        }
    }

    @Test(arguments: [
        ("METRICS_TOKEN", "fifteen-letters"), ("METRICS_TOKEN", "with a space in it"), ("SECRET_KEY", "short"),
        ("JWT_ALGORITHM", "none"), ("PUBLIC_URL", "neuroai.example.org"), ("PUBLIC_URL", "ftp://neuroai.example.org"),
        ("PUBLIC_URL", "https://neuroai.example.org/?a=b"), ("DATABASE_URL", "mysql://localhost/neuroai"),
        ("MODEL_DEVICE", "tpu"), ("WORKER_CLASSES", "imaging,surgery"), ("WORKER_SLOTS", "65"),
        ("PASSWORD_MIN_LENGTH", "7"), ("ARGON2_KIB", "7"), ("UPLOAD_LIFETIME_HOURS", "0"), ("LOG_KEEP", "0"),
    ])
    func invalidValuesAreRefused(_ name: String, _ text: String) throws {
        #expect(try #require(SettingsCatalogue.find(name)).fault(in: text) != nil)
        #expect(throws: SettingsError.self) { try Settings([name: text]) }
    }

    @Test(arguments: [
        ("METRICS_TOKEN", "sixteen-letters-"), ("SECRET_KEY", String(repeating: "k", count: 32)),
        ("JWT_ALGORITHM", "EdDSA"), ("PUBLIC_URL", "https://neuroai.example.org/mri"),
        ("DATABASE_URL", "postgresql://neuroai:secret@db:5432/neuroai"), ("MODEL_DEVICE", "auto"),
        ("WORKER_CLASSES", "training, interactive"), ("WORKER_SLOTS", "64"), ("PASSWORD_MIN_LENGTH", "64"),
    ])
    func validValuesAreAccepted(_ name: String, _ text: String) throws {
        #expect(try Settings([name: text])[name] == text)
    }
}
