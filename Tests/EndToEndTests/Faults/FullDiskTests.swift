import Foundation
import TestSupport
import Testing

/// A server with its worker, database and files on one disk, which fills up.
@Suite(
    .serialized, .enabled(if: Program.isBuilt && Program.hasModel, "no built program or no model package"),
    .enabled(if: SmallDisk.isAvailable, "only root can mount a small disk"))
struct FullDiskTests {
    @Test func aFullDiskLosesNothing() async throws {
        try await SmallDisk.with(megabytes: 200) { disk in
            let site = try await ServerFixture.open(in: disk)
            let account = """
                {"email": "ada@example.org", "password": "a long enough pass phrase", "first_name": "Ada",
                "confirm_password": "a long enough pass phrase", "last_name": "L", "role": "doctor"}
                """
            let token = try #require(try await site.post("/api/users/register/", account)["access"])
            let form = #"{"patientId": "P-1", "age": 61, "sex": "F"}"#
            let item = try #require(try await site.post("/api/cases/", form, as: token)["caseId"])

            let filler = try SmallDisk.fill(disk)
            let refused = try await site.upload(HeadPhantom.nifti(), name: "t1ce.nii", to: item, as: token)
            #expect(refused.status == 503, "\(refused.text)")
            try FileManager.default.removeItem(at: filler)
            let images = try await site.call("GET", "/api/cases/\(item)/images/", as: token)
            #expect(images.status == 200 && images.text == "[]", "\(images.text)")

            let stored = try await site.upload(HeadPhantom.nifti(), name: "t1ce.nii", to: item, as: token)
            #expect(stored.status == 201, "\(stored.text)")
            let task = try #require(
                try await site.post("/api/inference/", #"{"caseId": "\#(item)"}"#, as: token)["id"])
            // A job that meets a full disk waits for a minute.
            if FaultPlan.isWhole { try await fill(disk, for: .seconds(20)) }
            let isOver = await eventually(within: .seconds(240)) {
                let state = try? await site.call("GET", "/api/inference/tasks/\(task)/", as: token)
                return state?["status"] == "completed"
            }
            #expect(isOver, "\(site.said)")
            try await checkIntegrity(of: site)
            await site.close()
        }
    }

    private func fill(_ disk: URL, for time: Duration) async throws {
        let filler = try SmallDisk.fill(disk)
        try await Task.sleep(for: time)
        try FileManager.default.removeItem(at: filler)
    }

    private func checkIntegrity(of site: ServerFixture) async throws {
        let environment = [
            "DATABASE_URL": "sqlite:///\(site.folder.path)/db.sqlite3", "MEDIA_ROOT": "\(site.folder.path)/media",
            "LOG_ROOT": "-",
        ]
        for arguments in [["storage", "check", "--digests"], ["audit", "verify"]] {
            let check = try await Program.run(arguments, environment: environment, in: site.folder)
            #expect(check.code == 0, "\(check.said)")
            if arguments[0] == "storage" { #expect(check.said.contains("orphans: 0"), "\(check.said)") }
        }
        FaultPlan.publish("full disk", "1 segmentation, 0 lost, 0 files missing or damaged, audit trail valid")
    }
}
