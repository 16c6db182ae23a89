import Foundation
import TestSupport
import Testing

/// The management commands with their original names, as typed by operators.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct ManagementCommandTests {
    private struct Installation {
        let folder: URL

        func run(
            _ arguments: String..., input: String = "", environment: [String: String] = [:]
        ) async throws -> Program.Ending {
            let own = [
                "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": "\(folder.path)/media",
                "STATIC_ROOT": "\(folder.path)/static", "LOG_ROOT": "-", "SECRET_KEY": "", "SAMPLE_PASSWORD": "",
            ]
            return try await Program.run(
                arguments, environment: own.merging(environment) { $1 }, in: folder, input: input)
        }
    }

    private static func with(_ body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        try await TemporaryFolder.with { try await body(Installation(folder: $0)) }
    }

    @Test(arguments: [
        "migrate", "makemigrations", "createsuperuser", "create-superuser", "create_superuser", "changepassword",
        "change_password", "collectstatic",
        "populate_sample_data", "populate-sample-data", "add_user_cases", "add-user-cases", "test", "shell", "dbshell",
        "check", "runserver", "showmigrations", "backup", "restore",
    ]) func eachHasHelp(_ name: String) async throws {
        try await Self.with { installation in
            let help = try await installation.run(name, "--help")
            #expect(help.code == 0 && help.said.contains("USAGE:"), "\(help.said)")
        }
    }

    @Test func theSchemaIsToldMigratedAndGuarded() async throws {
        try await Self.with { installation in
            let before = try await installation.run("makemigrations")
            #expect(before.code == 1 && before.said.contains("m0001-core has not run"))
            #expect(try await installation.run("migrate").said.contains("applied m0001-core"))
            #expect(try await installation.run("migrate").said == "The schema is current.\n")
            #expect(try await installation.run("makemigrations").code == 0)
            let shell = try await installation.run(
                "dbshell", "--", "-batch", input: "ALTER TABLE users ADD COLUMN stray TEXT;\n.quit\n")
            #expect(shell.code == 0, "\(shell.said)")
            let after = try await installation.run("makemigrations")
            #expect(after.code == 1 && after.said.contains("users.stray is in no migration"))
        }
    }

    @Test func aSuperuserIsMadeAndWorksInTheShell() async throws {
        try await Self.with { installation in
            let none = try await installation.run("createsuperuser", "--no-input", "--email", "root@example.org")
            #expect(none.code == 65 && none.said.contains("password: This field is required."), "\(none.said)")
            let environment = ["DJANGO_SUPERUSER_PASSWORD": "a long enough pass phrase"]
            let made = try await installation.run(
                "createsuperuser", "--noinput", "--email", "Root@Example.org", environment: environment)
            #expect(made.code == 0 && made.said.contains("root@example.org"), "\(made.said)")
            let again = try await installation.run(
                "createsuperuser", "--noinput", "--email", "root@example.org", environment: environment)
            #expect(again.code == 65 && again.said.contains("already exists"))

            let said = try await installation.run(
                "shell", "--user", "root@example.org", input: "whoami\nnonsense\naudit\ncase 12\nquit\n")
            #expect(said.code == 0, "\(said.said)")
            for text in ["\"email\" : \"root@example.org\"", "no command nonsense", "shell.start", "Specify an ID."] {
                #expect(said.said.contains(text), "\(text): \(said.said)")
            }
            let stranger = try await installation.run("shell", "--user", "nobody@example.org", "-c", "whoami")
            #expect(stranger.code == 65)
        }
    }

    @Test func aPasswordIsChanged() async throws {
        try await Self.with { installation in
            let environment = ["DJANGO_SUPERUSER_PASSWORD": "a long enough pass phrase"]
            _ = try await installation.run(
                "createsuperuser", "--noinput", "--email", "root@example.org", environment: environment)
            let twice = try await installation.run(
                "changepassword", "Root@example.org", input: "short\nshort\nbattery staple\nbattery staple\n")
            #expect(twice.code == 0, "\(twice.said)")
            for text in ["Changing password for user 'root@example.org'", "8 to 128", "changed successfully"] {
                #expect(twice.said.contains(text), "\(text): \(twice.said)")
            }
            #expect(!twice.said.contains("battery"))
            let apart = try await installation.run(
                "changepassword", "root@example.org",
                input: String(repeating: "battery staple\nother words\n", count: 3))
            #expect(apart.code == 65 && apart.said.contains("do not match"))
            #expect(try await installation.run("changepassword", "root@example.org", input: "one line\n").code == 65)
            let nobody = try await installation.run("changepassword", "nobody@example.org")
            #expect(nobody.code == 65 && nobody.said.contains("nobody@example.org"))
            #expect(try await installation.run("changepassword").code == 64)
        }
    }

    @Test func sampleDataAreMadeOnce() async throws {
        try await Self.with { installation in
            let first = try await installation.run("populate_sample_data")
            #expect(first.code == 0 && first.said.contains("5 cases created"), "\(first.said)")
            #expect(first.said.contains("their password: "))
            let again = try await installation.run("populate-sample-data")
            #expect(again.code == 0 && again.said.contains("already exist"), "\(again.said)")
            let cases = try await installation.run(
                "shell", "--user", "sample.doctor@neuroai.example", "-c", "cases SAMPLE-", "-c", "whoami")
            #expect(cases.said.matches(of: /"caseId"/).count == 5)
            let id = try #require(cases.said.firstMatch(of: /"id" : "([0-9a-f-]{36})"/)?.1)
            let more = try await installation.run("add_user_cases", String(id), "--count", "2")
            #expect(more.code == 0 && more.said.split(separator: "\n").count == 2, "\(more.said)")
            #expect(try await installation.run("add-user-cases", "00000000-0000-4000-8000-0000000000ff").code == 65)
        }
    }

    @Test func assetsAreCollected() async throws {
        try await Self.with { installation in
            let absent = ["SWAGGER_UI_PATH": installation.folder.appendingPathComponent("ui").path]
            let first = try await installation.run("collectstatic", "--noinput", environment: absent)
            #expect(first.code == 0, "\(first.said)")
            let style = installation.folder.appendingPathComponent("static/assets/site.css")
            let source = Program.root.appendingPathComponent("Sources/Web/Assets/site.css")
            #expect(try Data(contentsOf: style) == Data(contentsOf: source))
            let again = try await installation.run("collectstatic", environment: absent).said
            #expect(again.hasPrefix("0 files written") && again.contains("Swagger UI not found"))
        }
    }

    @Test func swaggerUIsFilesAreCollectedWhereTheyAreInstalled() async throws {
        try await Self.with { installation in
            let folder = installation.folder.appendingPathComponent("ui", isDirectory: true)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"] {
                try Data(name.utf8).write(to: folder.appendingPathComponent(name))
            }
            let run = try await installation.run("collectstatic", environment: ["SWAGGER_UI_PATH": folder.path])
            #expect(run.code == 0 && !run.said.contains("not found"), "\(run.said)")
            let collected = installation.folder.appendingPathComponent("static/api/docs")
            let names = try FileManager.default.contentsOfDirectory(atPath: collected.path).sorted()
            #expect(names == ["start.js", "swagger-ui-bundle.js", "swagger-ui.css"])
            let style = try Data(contentsOf: collected.appendingPathComponent("swagger-ui.css"))
            #expect(style == Data("swagger-ui.css".utf8))
        }
    }

    @Test(.enabled(if: Program.hasModel, "no model package")) func theSelfTestSegmentsAPhantom() async throws {
        try await Self.with { installation in
            let unmigrated = try await installation.run("test", "--quick")
            #expect(unmigrated.code == 1 && unmigrated.said.contains("FAILED  database"), "\(unmigrated.said)")
            #expect(try await installation.run("migrate").code == 0)
            let whole = try await installation.run("test")
            #expect(whole.code == 0, "\(whole.said)")
            for step in ["settings", "database", "storage", "model", "phantom"] {
                #expect(whole.said.contains("OK      \(step)"), "\(whole.said)")
            }
        }
    }
}
