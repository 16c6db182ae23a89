import Foundation
import TestSupport
import Testing

/// The log files of the server and the worker.
@Suite(.serialized, .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct LogTests {
    /// A marker placed wherever a patient's name may be written.
    private static let planted = "Mustermann"

    /// At the most verbose level, through every text input and the jobs that follow.
    @Test(.enabled(if: Program.hasModel, "no model package")) func noLogHoldsWhatIsAPatients() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(
                in: folder, environment: ["LOG_LEVEL": "trace", "LOG_FORMAT": "json"])
            let password = "a long enough pass phrase"
            let account = """
                {"email": "ada@example.org", "password": "\(password)", "confirm_password": "\(password)",
                "first_name": "Ada", "last_name": "L", "role": "doctor"}
                """
            let token = try #require(try await site.post("/api/users/register/", account)["access"])
            let name = Self.planted
            let fields = """
                "patientId": "\(name)-1", "age": 61, "sex": "F", "notes": "\(name)", "diagnosis": "\(name)",
                "clinicalHistory": "\(name)", "indication": "\(name)"
                """
            let item = try #require(try await site.post("/api/cases/", "{\(fields)}", as: token)["caseId"])
            #expect(try await site.post("/api/cases/", "{\(fields), \"age\": \"\(name)\"", as: token).status == 400)
            for path in [
                "/api/cases/?search=\(name)", "/api/cases/\(name)/", "/\(name)", "/api/cases/\(item)/?x=\(name)",
            ] {
                _ = try await site.call("GET", path, as: token, headers: ["X-Request-ID": "\(name) \(name)"])
            }
            _ = try await site.call("GET", "/api/cases/", as: "\(name).\(name).\(name)")
            #expect(try await site.upload(Data(name.utf8), name: "\(name).nii", to: item, as: token).status == 400)
            #expect(
                try await site.upload(HeadPhantom.nifti(), name: "\(name).nii", to: item, as: token).status == 201)
            let task = try #require(
                try await site.post("/api/inference/", "{\"caseId\": \"\(item)\"}", as: token)["id"])
            let isOver = await eventually {
                ["completed", "failed"].contains(
                    (try? await site.call("GET", "/api/inference/tasks/\(task)/", as: token))?["status"])
            }
            #expect(isOver, "\(site.said)")
            await site.close()
            for log in ["said", "logs/app.log", "logs/celery.log"] {
                let text = site.text(log)
                #expect(text.count > 200, "\(log) is empty")
                #expect(!text.contains(name) && !text.contains(password) && !text.contains(token), "\(log)")
            }
            #expect(site.text("logs/celery.log").contains("job run ended"))
            for line in site.text("logs/app.log").split(separator: "\n") {
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
            }
        }
    }

    @Test func aFullLogIsPutAsideAndOldOnesGo() async throws {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(
                in: folder, arguments: ["serve", "--without-worker"],
                environment: ["LOG_MAX_BYTES": "10000", "LOG_KEEP": "2", "LOG_FORMAT": "text"])
            // Each line is longer than 100 bytes.
            for _ in 0..<400 { _ = try await site.call("GET", "/api/health/") }
            await site.close()
            let logs = folder.appendingPathComponent("logs")
            let names = try FileManager.default.contentsOfDirectory(atPath: logs.path).filter { $0.hasPrefix("app") }
            #expect(names.sorted() == ["app.log", "app.log.1", "app.log.2"])
            for name in names {
                let text = site.text("logs/\(name)")
                #expect(text.utf8.count <= 20_000 && text.hasSuffix("\n"))
                #expect(text.split(separator: "\n").allSatisfy { $0.contains(" serve: ") }, "a line is cut")
            }
        }
    }
}
