import Foundation
import TestSupport
import Testing

/// `neuroai check`, and that `docs/settings.md` and `.env.example` match the catalogue.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct CheckCommandTests {
    private struct Report: Decodable {
        struct Row: Decodable {
            let name: String
            let value: String
            let source: String
            let fault: String?
            let note: String?
        }
        let settings: [Row]
        let faults: [String]
        let unknown: [String]

        func row(_ name: String) -> Row? { settings.first { $0.name == name } }
    }

    /// Runs with an `.env` of these lines and this environment; all other settings are unset.
    private static func check(
        _ environment: [String: String] = [:], file: String = "", in folder: URL
    ) async throws -> (code: Int32?, report: Report) {
        try Data(file.utf8).write(to: folder.appendingPathComponent(".env"))
        let names = try await Program.run(["check", "--example"], in: folder).said.matches(of: /\n#([A-Z_]+)=/).map {
            String($0.1)
        }
        var all = ProcessInfo.processInfo.environment.filter { names.contains($0.key) }.mapValues { _ in "" }
        // Files found in the checkout but not in the working folder.
        for (name, path) in [("SEGMENTATION_MODEL_PATH", "models/unet"), ("MODELS_ROOT", "models")] {
            all[name] = Program.root.appendingPathComponent(path).path
        }
        let ending = try await Program.run(
            ["check", "--json"], environment: all.merging(environment) { $1 }, in: folder, from: folder)
        return (ending.code, try JSONDecoder().decode(Report.self, from: Data(ending.said.utf8)))
    }

    @Test func valuesComeFromTheEnvironmentThenTheFileThenTheDefault() async throws {
        try await TemporaryFolder.with { folder in
            let file = "# a comment\nexport PORT = \"8123\"\nLOG_LEVEL=debug\nHOST='0.0.0.0'\n"
            let (code, report) = try await Self.check(["LOG_LEVEL": "warning"], file: file, in: folder)
            #expect(code == 0, "\(report)")
            let found = ["PORT", "LOG_LEVEL", "HOST", "DATABASE_URL"].map {
                report.row($0).map { "\($0.value) \($0.source)" }
            }
            #expect(found == ["8123 .env", "warning environment", "0.0.0.0 .env", "sqlite:///db.sqlite3 default"])
        }
    }

    @Test func anOpenRegistrationWhereStrangersReachItIsWarnedOf() async throws {
        try await TemporaryFolder.with { folder in
            for (environment, note) in [
                ([:], "is open"), (["HOST": "::1"], "is open"), (["HOST": "127.0.0.9"], "is open"),
                (["HOST": "0.0.0.0"], "is closed"), (["HOST": "127.example.org"], "is closed"),
                (["HOST": "192.0.2.1", "REGISTRATION": "open"], "WARNING"),
                (["HOST": "0.0.0.0", "ALLOW_REGISTRATION": "true"], "WARNING"),
                (["ALLOW_REGISTRATION": "false"], "is closed"),
                (["HOST": "0.0.0.0", "ALLOW_REGISTRATION": "true", "REGISTRATION": "closed"], ""),
                (["HOST": "0.0.0.0", "REGISTRATION": "approval"], ""),
            ] as [([String: String], String)] {
                let (code, report) = try await Self.check(environment, in: folder)
                #expect(code == 0 && (report.row("REGISTRATION")?.note ?? "").hasPrefix(note), "\(environment)")
                #expect(note.isEmpty == (report.row("REGISTRATION")?.note == nil), "\(environment)")
            }
            #expect(try await Self.check(["REGISTRATION": "sometimes"], in: folder).code == 78)
        }
    }

    @Test func quotasAreWrittenWithUnits() async throws {
        try await TemporaryFolder.with { folder in
            for text in ["0", "1000", "45 MB", "2GiB", "1 TiB"] {
                #expect(try await Self.check(["INSTITUTION_QUOTA": text], in: folder).code == 0, "\(text)")
            }
            for text in ["much", "-1", "1.5 GB"] {
                let (code, report) = try await Self.check(["INSTITUTION_QUOTA": text], in: folder)
                #expect(code == 78 && report.row("INSTITUTION_QUOTA")?.fault?.contains("unit") == true, "\(text)")
            }
        }
    }

    @Test func theOriginalsFileIsUnderstood() async throws {
        try await TemporaryFolder.with { folder in
            let seed = """
                DEBUG=True
                SECRET_KEY=your-secret-key-here-and-long-enough
                ALLOWED_HOSTS=localhost,127.0.0.1
                DATABASE_URL=sqlite:///db.sqlite3
                JWT_ACCESS_TOKEN_LIFETIME=60
                JWT_REFRESH_TOKEN_LIFETIME=1440
                CELERY_BROKER_URL=redis://localhost:6379/0
                CELERY_RESULT_BACKEND=redis://localhost:6379/0
                MEDIA_ROOT=./media
                MAX_UPLOAD_SIZE=1073741824
                LLM_MODEL_PATH=./models/medalpaca-7b
                MODEL_DEVICE=cpu
                """
            let (code, report) = try await Self.check(file: seed, in: folder)
            #expect(code == 0 && report.unknown.isEmpty, "\(report)")
            #expect(report.row("LLM_MODEL_PATH")?.note?.contains("No effect yet") == true)
            let (bad, refused) = try await Self.check(
                ["SEGMENTATION_MODEL_PATH": "./models/mome_plus.pth"], file: seed, in: folder)
            #expect(bad == 78)
            #expect(refused.row("SEGMENTATION_MODEL_PATH")?.fault?.contains("neuroai models import") == true)
        }
    }

    @Test func secretsAreMaskedAndMisspeltNamesHinted() async throws {
        try await TemporaryFolder.with { folder in
            let file = """
                DATABASE_URL=postgresql://ada:hushhush@db.example:5432/neuroai
                SECRET_KEY=hushhush-hushhush-hushhush-hushhush
                METRICS_TOKEN=hushhush-hushhush
                CELERY_BROKER_URL=redis://:hushhush@localhost:6379/0
                MEDIA_ROT=./media
                no name here
                """
            let (code, report) = try await Self.check(["LOG_LEVL": "debug"], file: file, in: folder)
            #expect(code == 78 && report.faults == ["Line 6 of .env is not NAME=value."])
            #expect(!"\(report)".contains("hushhush"))
            #expect(report.row("DATABASE_URL")?.value == "postgresql://ada:(not shown)@db.example:5432/neuroai")
            #expect(
                report.unknown == [
                    "LOG_LEVL is not a setting; did you mean LOG_LEVEL?",
                    "MEDIA_ROT is not a setting; did you mean MEDIA_ROOT?",
                ])
        }
    }

    @Test func metricsThatOthersCouldReadAreNoted() async throws {
        try await TemporaryFolder.with { folder in
            for (name, value) in [
                ("PUBLIC_URL", "https://neuroai.example.org"), ("TRUSTED_PROXIES", "127.0.0.1"), ("HOST", "0.0.0.0"),
            ] {
                let (code, report) = try await Self.check([name: value], in: folder)
                #expect(code == 0 && report.row("METRICS_TOKEN")?.note?.contains(name) == true, "\(report)")
            }
            let token = ["HOST": "0.0.0.0", "METRICS_TOKEN": "a token of some length"]
            for environment in [token, ["HOST": "::1"], [:]] {
                #expect(try await Self.check(environment, in: folder).report.row("METRICS_TOKEN")?.note == nil)
            }
        }
    }

    @Test(arguments: [
        ("PORT", "eighty"), ("PORT", "70000"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("MODEL_DEVICE", "tpu"),
        ("MODEL_PRECISION", "f64"), ("DATABASE_URL", "mysql://root@localhost/x"), ("SECRET_KEY", "short"),
        ("DEBUG", "perhaps"), ("MAX_UPLOAD_SIZE", "-1"), ("PUBLIC_URL", "example.org"), ("METRICS_TOKEN", "short"),
        ("JWT_ACCESS_TOKEN_LIFETIME", "0"), ("LOG_KEEP", "none"), ("LOG_MAX_BYTES", "1"),
        ("LOG_ROOT", "/dev/null/logs"), ("JWT_ALGORITHM", "RS256"), ("JWT_ALGORITHM", "none"), ("ARGON2_KIB", "lots"),
        ("JWT_VERIFICATION_KEYS", "old=/dev/null/key"),
        ("WORKER_MEMORY_LIMIT", "much"), ("WORKER_MEMORY_LIMIT", "8"),
        ("WORKER_CLASSES", "fast"), ("WORKER_CLASSES", "imaging,"), ("WORKER_SLOTS", "0"), ("WORKER_SLOTS", "65"),
        ("SHUTDOWN_TIMEOUT", "-1"),
        ("REQUIRE_ADMIN_TOTP", "sometimes"),
    ]) func aWrongValueStopsTheStartWithASentenceThatNamesIt(_ name: String, _ value: String) async throws {
        try await TemporaryFolder.with { folder in
            let (code, report) = try await Self.check([name: value], in: folder)
            #expect(code == 78 && report.row(name)?.fault?.contains(name) == true, "\(report)")
            var environment = [
                "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": folder.path,
                "LOG_ROOT": folder.path,
            ]
            environment[name] = value
            let start = try await Program.run(["serve", "--without-worker"], environment: environment, in: folder)
            #expect(start.code == 78, "\(start.said)")
            #expect(
                start.said.hasPrefix(name) && start.said.split(separator: "\n").count == 1, "\(start.said)")
        }
    }

    /// The smallest and largest valid values, and the first invalid ones.
    @Test func valuesAreValidUpToTheirLimits() async throws {
        try await TemporaryFolder.with { folder in
            for (environment, code) in [
                (["PORT": "65535"], 0), (["PORT": "65536"], 78), (["PORT": "0"], 78),
                (["WORKER_MEMORY_LIMIT": "512M"], 0), (["WORKER_MEMORY_LIMIT": "511M"], 78),
                (["ARGON2_KIB": "32", "ARGON2_LANES": "4"], 0), (["ARGON2_KIB": "31", "ARGON2_LANES": "4"], 78),
            ] as [([String: String], Int32)] {
                let found = try await Self.check(environment, in: folder)
                #expect(found.code == code, "\(environment)")
            }
        }
    }

    @Test(arguments: [("--example", ".env.example"), ("--reference", "docs/settings.md")])
    func generatedFilesMatchTheCatalogue(_ option: String, _ name: String) async throws {
        try await TemporaryFolder.with { folder in
            let file = try String(contentsOf: Program.root.appendingPathComponent(name), encoding: .utf8)
            #expect(try await Program.run(["check", option], in: folder).said == file, "run scripts/settings")
        }
    }

    /// A setting missing from the catalogue would be neither documented nor validated.
    @Test func everyNameThatIsReadIsInTheCatalogue() async throws {
        try await TemporaryFolder.with { folder in
            let example = try await Program.run(["check", "--example"], in: folder).said
            let known = Set(example.matches(of: /\n#([A-Z0-9_]+)=/).map { String($0.1) })
            let sources = Program.root.appendingPathComponent("Sources/neuroai")
            let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
            var read: Set<String> = []
            while let file = files?.nextObject() as? URL {
                guard file.pathExtension == "swift" else { continue }
                let text = try String(contentsOf: file, encoding: .utf8)
                let pattern =
                    /(?:settings|self|values)\[\s*"([A-Z0-9_]+)"|(?:number|bytes|flag|list|folder|text)\(\s*"([A-Z0-9_]+)"/
                for match in text.matches(of: pattern) { read.insert(String(match.1 ?? match.2 ?? "")) }
            }
            #expect(
                read.count > 10 && read.subtracting(known).isEmpty,
                "not in SettingsCatalogue: \(read.subtracting(known).sorted())")
        }
    }
}
