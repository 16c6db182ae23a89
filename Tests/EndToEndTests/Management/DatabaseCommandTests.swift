import Foundation
import Storage
import TestSupport
import Testing

/// `migrate`, `showmigrations`, `backup` and `restore` as an operator runs them, on both databases.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct DatabaseCommandTests {
    private struct Installation: Sendable {
        let folder: URL
        let environment: [String: String]

        init(_ name: String, in parent: URL, database: String) throws {
            folder = parent.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            environment = [
                "DATABASE_URL": database, "MEDIA_ROOT": "\(folder.path)/media", "SECRET_KEY": "", "LOG_ROOT": "",
            ]
        }

        func run(_ arguments: String...) async throws -> Program.Ending {
            try await Program.run(arguments, environment: environment, in: folder)
        }
    }

    private static func with(
        _ kind: TestDatabase, _ body: @escaping @Sendable (Installation, Installation, URL) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            switch kind {
            case .sqlite:
                let places = try ["first", "second"].map {
                    try Installation($0, in: folder, database: "sqlite:///\(folder.path)/\($0)/db.sqlite3")
                }
                try await body(places[0], places[1], folder.appendingPathComponent("backup"))
            case .postgres:
                try await PostgresServer.withFreshDatabase { first in
                    try await PostgresServer.withFreshDatabase { second in
                        let places = try [("first", first), ("second", second)].map {
                            try Installation($0, in: folder, database: url($1))
                        }
                        try await body(places[0], places[1], folder.appendingPathComponent("backup"))
                    }
                }
            }
        }
    }

    private static func url(_ address: PostgresAddress) -> String {
        "postgresql://\(address.user):\(address.password)@\(address.host):\(address.port)/\(address.database)"
    }

    @Test(arguments: TestDatabase.all) func tenProcessesMigrateOnce(_ kind: TestDatabase) async throws {
        try await Self.with(kind) { installation, _, _ in
            let missing = try await installation.run("migrate", "--check")
            #expect(missing.code == 1 && missing.said.contains("missing m0001-core"), "\(missing.said)")
            let plan = try await installation.run("migrate", "--plan")
            #expect(plan.code == 0 && plan.said.contains("would apply m0001-core"))
            #expect(try await installation.run("showmigrations").said.contains("[ ] m0001-core"))
            let endings = try await withThrowingTaskGroup(of: Program.Ending.self) { group in
                for _ in 0..<10 { group.addTask { try await installation.run("migrate") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(endings.allSatisfy { $0.code == 0 }, "\(endings.map(\.said))")
            #expect(endings.filter { $0.said.contains("applied m0001-core") }.count == 1)
            #expect(try await installation.run("migrate", "--check").code == 0)
            #expect(try await installation.run("showmigrations").said.contains("[X] m0001-core"))
        }
    }

    private static let account = """
        {"email": "ada@example.org", "password": "a long enough pass phrase", "first_name": "Ada",
        "confirm_password": "a long enough pass phrase", "last_name": "L", "role": "doctor"}
        """

    private static func serve(_ installation: Installation) async throws -> ServerFixture {
        try await ServerFixture.open(
            in: installation.folder, arguments: ["serve", "--without-worker"], environment: installation.environment)
    }

    @Test(arguments: TestDatabase.all) func aBackupIsRestoredAndServed(_ kind: TestDatabase) async throws {
        try await Self.with(kind) { first, second, backup in
            let server = try await Self.serve(first)
            let token = try #require(try await server.post("/api/users/register/", Self.account)["access"])
            func makeCase(_ patient: String) async throws -> String? {
                try await server.post(
                    "/api/cases/", #"{"patientId": "\#(patient)", "age": 61, "sex": "F"}"#, as: token)["caseId"]
            }
            let item = try #require(try await makeCase("P-1"))
            let stored = try await server.upload(HeadPhantom.nifti(), name: "a.nii", to: item, as: token)
            #expect(stored.status == 201, "\(stored.text)")
            let writing = Task {
                var count = 0
                while !Task.isCancelled {
                    count += 1
                    _ = try await makeCase("MORE-\(count)")
                }
            }
            let made = try await first.run("backup", "--to", backup.path, "--include-secret-key")
            writing.cancel()
            _ = try? await writing.value
            #expect(made.code == 0, "\(made.said)")
            let file = try await Self.image(of: item, server, token)
            #expect(!file.isEmpty)
            await server.close()
            let verified = try await first.run("backup", "--verify", backup.path)
            #expect(verified.code == 0, "\(verified.said)")

            let restored = try await second.run("restore", "--from", backup.path)
            #expect(restored.code == 0, "\(restored.said)")
            #expect(try await second.run("restore", "--from", backup.path).code == 65)
            #expect(try await second.run("audit", "verify").code == 0)
            let again = try await Self.serve(second)
            // The token is still valid, because the key came along.
            #expect(try await Self.image(of: item, again, token) == file)
            await again.close()
        }
    }

    /// The bytes of the first image of a case.
    private static func image(of item: String, _ server: ServerFixture, _ token: String) async throws -> Data {
        let images = try await server.call("GET", "/api/cases/\(item)/images/", as: token).text
        let url = try #require(images.firstMatch(of: /"filePath" ?: ?"(?:http:\/\/[^\/"]+)?(\/[^"]+)"/)?.1, "\(images)")
        let answer = try await server.call("GET", String(url))
        #expect(answer.status == 200)
        return answer.data
    }
}
