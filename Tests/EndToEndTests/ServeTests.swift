import Foundation
import FoundationNetworking
import TestSupport
import Testing

/// The built server with its worker, over a real socket.
@Suite(.serialized) struct ServeTests {
    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func servesReplacesADeadWorkerAndLeavesNone() async throws {
        try await TemporaryFolder.with { folder in
            let log = folder.appendingPathComponent("server.log")
            let port = Int.random(in: 33_000...39_999)
            let server = try Program.start(
                ["serve"],
                environment: [
                    "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": "\(folder.path)/media",
                    "LOG_ROOT": "\(folder.path)/logs",
                    "PORT": String(port), "SECRET_KEY": "",
                ], log: log)
            let health = try #require(URL(string: "http://127.0.0.1:\(port)/api/health/status/"))
            #expect(await eventually { await Self.status(health) == 200 }, "\(Self.text(log))")
            let key = folder.appendingPathComponent("media/secret-key").path
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
            #expect(mode == 0o600)

            #expect(await eventually { Program.children(of: server.pid).count == 1 }, "\(Self.text(log))")
            let first = try #require(Program.children(of: server.pid).first)
            kill(first, SIGKILL)
            #expect(
                await eventually { Program.children(of: server.pid).contains { $0 != first } }, "\(Self.text(log))")
            #expect(await Self.status(health) == 200)
            let second = Program.children(of: server.pid)
            #expect(await server.end(SIGTERM), "\(Self.text(log))")
            #expect(await eventually { second.allSatisfy { kill($0, 0) != 0 } }, "the worker outlives its server")
        }
    }

    /// A stopped process sends nothing, so only its server can detect it.
    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func replacesAWorkerThatHangs() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(in: folder)
            #expect(await eventually { Program.children(of: site.pid).count == 1 }, "\(site.said)")
            let first = try #require(Program.children(of: site.pid).first)
            kill(first, SIGSTOP)
            #expect(
                await eventually(within: .seconds(90)) {
                    let now = Program.children(of: site.pid)
                    return now.count == 1 && now.first != first
                }, "\(site.said)")
            #expect(site.said.contains("loss=silence"), "\(site.said)")
            await site.close()
        }
    }

    /// No code of the worker runs, so it cannot exit by itself.
    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func aWorkerThatDoesNotStopIsKilled() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(in: folder, environment: ["SHUTDOWN_TIMEOUT": "20"])
            #expect(await eventually { Program.children(of: site.pid).count == 1 }, "\(site.said)")
            let worker = try #require(Program.children(of: site.pid).first)
            kill(worker, SIGSTOP)
            #expect(await site.end(SIGTERM, within: 30), "\(site.said)")
            #expect(kill(worker, 0) != 0, "the worker outlives its server")
            #expect(!site.said.contains("shutdown timed out"), "\(site.said)")
        }
    }

    /// A second server on the port ends before it starts a worker, and leaves the first one alone.
    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func aPortInUseEndsASecondServer() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(in: folder, arguments: ["serve", "--without-worker"])
            let log = folder.appendingPathComponent("second")
            let second = try Program.start(
                ["serve"],
                environment: [
                    "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": "\(folder.path)/media",
                    "LOG_ROOT": "-", "PORT": String(site.port), "SECRET_KEY": "",
                ], log: log)
            var workers: Set<pid_t> = []
            let hasEnded = await eventually {
                workers.formUnion(Program.children(of: second.pid))
                return !second.isRunning
            }
            #expect(hasEnded, "\(Self.text(log))")
            #expect(second.exitCode == 78)
            #expect(Self.text(log).hasPrefix("Port \(site.port) on 127.0.0.1 is already in use."), "\(Self.text(log))")
            #expect(workers.isEmpty, "it started a worker")
            #expect(try await site.call("GET", "/api/health/").status == 200)
            await site.close()
        }
    }

    /// Settings in minutes take effect as minutes, and a quota of 0 means unlimited.
    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func settingsAreTakenInTheirUnits() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(
                in: folder, environment: ["FILE_URL_LIFETIME": "2", "INSTITUTION_QUOTA": "0"])
            let account = """
                {"email": "ada@example.org", "password": "a long enough pass phrase", "first_name": "Ada",
                "confirm_password": "a long enough pass phrase", "last_name": "L", "role": "doctor"}
                """
            let token = try #require(try await site.post("/api/users/register/", account)["access"])
            let form = "{\"patientId\": \"P-1\", \"age\": 61, \"sex\": \"F\"}"
            let item = try #require(try await site.post("/api/cases/", form, as: token)["caseId"])
            let stored = try await site.upload(HeadPhantom.nifti(), name: "a.nii", to: item, as: token)
            #expect(stored.status == 201, "\(stored.text)")
            let images = try await site.call("GET", "/api/cases/\(item)/images/", as: token).text
            let expires = try #require(images.firstMatch(of: /expires=([0-9]+)/).flatMap { Double($0.1) })
            #expect((60...121).contains(expires - Date().timeIntervalSince1970), "\(images)")
            await site.close()
        }
    }

    private static func text(_ log: URL) -> String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    private static func status(_ url: URL) async -> Int? {
        (try? await URLSession.shared.data(from: url).1 as? HTTPURLResponse)?.statusCode
    }
}
