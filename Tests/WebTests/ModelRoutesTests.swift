import Features
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

struct ModelRoutesTests {
    private func makeAdmin(_ clinic: WebFixture) async throws {
        try await clinic.database.write {
            try $0.execute("UPDATE users SET role = 'admin' WHERE email = \("root@clinic.org")")
        }
    }

    @Test(arguments: TestDatabase.all) func anAdministratorActivatesAndRollsBack(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let path = "/api/inference/models/"
            #expect(try await clinic.call(.get, path).status == .unauthorized)
            let doctor = try await clinic.signUp()
            let models = try await clinic.call(.get, path, as: doctor).list
            #expect(models.map { $0["name"] as? String } == ["stand-in", "other"])
            #expect(models.map { $0["isActive"] as? Bool } == [true, false])
            #expect(
                ((models[0]["measured"] as? [[String: Any]])?[0]["dice"] as? [String: Double])?["whole_tumor"] == 0.8)
            let page = try await clinic.call(.get, path + "?page=2&page_size=1", as: doctor)
            #expect(page.object["count"] as? Int == 2 && page.object["next"] is NSNull)
            let id = try #require(models[1]["id"] as? String)
            #expect(try await clinic.call(.post, path + "\(id)/activate/", as: doctor).status == .forbidden)
            #expect(try await clinic.call(.get, path + "\(UUID().uuidString)/", as: doctor).status == .notFound)

            let root = try await clinic.signUp("root@clinic.org")
            try await makeAdmin(clinic)
            let admin = try #require(
                try await clinic.call(
                    .post, "/api/users/login/",
                    "{\"email\": \"root@clinic.org\", \"password\": \"\(WebFixture.password)\"}")["access"])
            #expect(root != admin)
            let activated = try await clinic.call(.post, path + "\(id)/activate/", as: admin)
            #expect(activated.status == .ok && activated.object["isActive"] as? Bool == true)
            #expect(try await clinic.call(.get, path + "\(id)/", as: doctor)["activatedAt"] != nil)

            // This test's worker only has the other model: the task fails instead of silently using it.
            let caseID = try await clinic.makeUploadedCase(doctor)
            let task = try #require(
                try await clinic.call(.post, "/api/inference/predict/\(caseID)/", as: doctor)["id"])
            try await clinic.work()
            let failed = try await clinic.call(.get, "/api/inference/tasks/\(task)/", as: doctor)
            #expect(failed["status"] == "failed" && failed["errorMessage"]?.contains("not installed") == true)

            let back = try await clinic.call(.post, path + "rollback/", as: admin)
            #expect(back.status == .ok && back["name"] == "stand-in")
            #expect(try await clinic.call(.post, path + "rollback/", as: admin).status == .conflict)
        }
    }
}
