import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Users and tasks of a live service.
extension LiveClinic {
    func call(
        _ method: String, _ path: String, _ json: String? = nil, as token: String? = nil
    ) async throws -> Answer {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let token { headers[.authorization] = "Bearer \(token)" }
        return try await client.execute(
            uri: path, method: try #require(HTTPRequest.Method(method)), headers: headers,
            body: json.map { ByteBuffer(string: $0) }
        ) { Answer($0) }
    }

    func signUp(_ email: String = "ada@clinic.org") async throws -> String {
        try #require(try await call("POST", "/api/users/register/", WebFixture.registration(email))["access"])
    }

    /// The ID of a pending segmentation of a new case.
    func startSegmentation(_ token: String) async throws -> String {
        let item = try await call("POST", "/api/cases/", #"{"patientId": "P", "age": 61, "sex": "F"}"#, as: token)
        let id = try #require(item["caseId"])
        let form = WebFixture.form(HeadPhantom.nifti(), "t1ce")
        let upload = try await client.execute(
            uri: "/api/cases/\(id)/upload/", method: .post,
            headers: [.contentType: "multipart/form-data; boundary=edge", .authorization: "Bearer \(token)"],
            body: ByteBuffer(bytes: form)
        ) { $0.status }
        #expect(upload == .created)
        return try #require(try await call("POST", "/api/inference/", "{\"caseId\": \"\(id)\"}", as: token)["id"])
    }

    /// What a worker writes when it reports its progress.
    func report(progress: Double, _ step: String, of task: String) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE jobs SET status = 'running', attempt = 1, lease_owner = 'test', lease_token = \(UUID().uuidString),
                    lease_expires = \(Timestamp.now.advanced(by: .seconds(600))), progress = \(progress),
                    current_step = \(step)
                WHERE id = (SELECT job_id FROM inference_tasks WHERE id = \(task))
                """)
        }
    }
}

/// Whether `condition` becomes true within ten seconds.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}
