import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Users and tasks of a live service. Each call has its own connection, since idle ones are closed.
extension LiveClinic {
    struct Response {
        let status: Int
        let body: String

        subscript(_ key: String) -> String? {
            ((try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any])?[key] as? String
        }
    }

    func call(
        _ method: String, _ path: String, _ body: Data = Data(), type: String = "application/json",
        as token: String? = nil
    ) async throws -> Response {
        let user = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: \(type)\r\n\(user)"
            + "Content-Length: \(body.count)\r\n\r\n"
        let text = try await answer(to: Data(head.utf8) + body)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        return Response(
            status: Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0, body: String(parts.last ?? ""))
    }

    func call(_ method: String, _ path: String, _ json: String, as token: String? = nil) async throws -> Response {
        try await call(method, path, Data(json.utf8), as: token)
    }

    func signUp(_ email: String = "ada@clinic.org") async throws -> String {
        try #require(try await call("POST", "/api/users/register/", WebFixture.registration(email))["access"])
    }

    /// The ID of a pending segmentation of a new case.
    func startSegmentation(_ token: String) async throws -> String {
        let item = try await call("POST", "/api/cases/", #"{"patientId": "P", "age": 61, "sex": "F"}"#, as: token)
        let id = try #require(item["caseId"])
        let upload = try await call(
            "POST", "/api/cases/\(id)/upload/", WebFixture.form(HeadPhantom.nifti(), "t1ce"),
            type: "multipart/form-data; boundary=edge", as: token)
        #expect(upload.status == 201)
        return try #require(try await call("POST", "/api/inference/", "{\"caseId\": \"\(id)\"}", as: token)["id"])
    }

    /// What a worker writes when it reports its progress.
    func report(progress: Double, _ step: String, of task: String) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE jobs SET status = 'running', attempt = 1, lease_owner = 'test', lease_token = \(UUID().uuidString),
                    lease_expires = \(Timestamp.now.advanced(by: .seconds(600))), progress = \(progress),
                    current_step = \(step), started_at = \(Timestamp.now)
                WHERE id = (SELECT job_id FROM inference_tasks WHERE id = \(task))
                """)
        }
    }

    /// What a worker writes when the run fails.
    func fail(_ task: String) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE jobs SET status = 'failed', error_message = 'Out of memory.', finished_at = \(Timestamp.now),
                    lease_owner = NULL, lease_token = NULL, lease_expires = NULL
                WHERE id = (SELECT job_id FROM inference_tasks WHERE id = \(task))
                """)
        }
    }
}
