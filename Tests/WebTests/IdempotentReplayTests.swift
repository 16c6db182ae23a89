import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import Features
@testable import Web

/// A response is replayed only for users who may still make the call.
struct IdempotentReplayTests {
    private struct Partner {
        let owner: String
        let token: String
        let id: String
        let caseID: String

        init(_ clinic: WebFixture) async throws {
            owner = try await clinic.signUp()
            token = try await clinic.signUp("colleague@clinic.org")
            id = try #require(try await clinic.call(.get, "/api/users/profile/", as: token)["id"])
            caseID = try await clinic.makeUploadedCase(owner)
            _ = try await clinic.call(.post, "/api/inference/predict/\(caseID)/", as: owner)
            try await clinic.work()
            try await share(clinic, "write")
        }

        func share(_ clinic: WebFixture, _ access: String) async throws {
            let form = "{\"userId\": \"\(id)\", \"access\": \"\(access)\"}"
            let shared = try await clinic.call(.post, "/api/cases/\(caseID)/shares/", form, as: owner)
            #expect(shared.status.kind == .successful)
        }

        /// Every POST with a response about the case.
        var calls: [(path: String, body: String?)] {
            let form = "{\"caseId\": \"\(caseID)\"}"
            return [
                ("/api/reports/generate/\(caseID)/", nil), ("/api/reports/", form),
                ("/api/cases/\(caseID)/feedback/", #"{"rating": 4}"#), ("/api/inference/predict/\(caseID)/", nil),
                ("/api/inference/", form), ("/api/inference/segment/", form),
            ]
        }

        func call(_ clinic: WebFixture, _ number: Int) async throws -> Answer {
            try await clinic.call(
                .post, calls[number].path, calls[number].body, as: token, headers: [.idempotencyKey: "key-\(number)"])
        }
    }

    @Test(arguments: TestDatabase.all) func aRevokedShareEndsRepetitionsAsWell(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let partner = try await Partner(clinic)
            let numbers = partner.calls.indices
            for number in numbers { #expect(try await partner.call(clinic, number).status.kind == .successful) }
            for number in numbers {
                #expect(try await partner.call(clinic, number).headers[.idempotentReplayed] == "true")
            }
            try await partner.share(clinic, "read")
            for number in numbers {
                let narrowed = try await partner.call(clinic, number)
                #expect(narrowed.status == .forbidden && narrowed.headers[.idempotentReplayed] == nil)
            }
            let path = "/api/cases/\(partner.caseID)/shares/\(partner.id)/"
            #expect(try await clinic.call(.delete, path, as: partner.owner).status.kind == .successful)
            for number in numbers {
                let gone = try await partner.call(clinic, number)
                #expect(gone.status == .notFound && !gone.text.contains(partner.caseID), "\(gone.text)")
            }
        }
    }

    @Test func aFormerRoleAndADeletedCaseShowNothing() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let admin = try await clinic.signUpAdmin()
            let doctor = try await clinic.signUp()
            let headers: HTTPFields = [.idempotencyKey: "key"]
            let form = #"{"patientId": "PAT-7", "age": 61, "sex": "F"}"#
            let made = try await clinic.call(.post, "/api/cases/", form, as: doctor, headers: headers)
            let id = try #require(made["caseId"])
            #expect(try await clinic.call(.post, "/api/cases/", form, as: doctor, headers: headers).data == made.data)
            #expect(try await clinic.call(.delete, "/api/cases/\(id)/", as: doctor).status == .ok)
            let deleted = try await clinic.call(.post, "/api/cases/", form, as: doctor, headers: headers)
            #expect(deleted.status == .notFound)

            let invite = try await clinic.call(
                .post, "/api/users/invitations/", #"{"role": "doctor"}"#, as: admin, headers: headers)
            #expect(invite.status == .created)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET role = 'doctor' WHERE email = 'root@clinic.org'")
            }
            let login = "{\"email\": \"root@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            let former = try #require(try await clinic.call(.post, "/api/users/login/", login)["access"])
            let refused = try await clinic.call(
                .post, "/api/users/invitations/", #"{"role": "doctor"}"#, as: former, headers: headers)
            #expect(refused.status == .forbidden)
        }
    }

    /// After an internal error it is unknown whether the work was done, so the key cannot be used again.
    @Test(arguments: TestDatabase.all) func aKeyStaysTakenAfterAFault(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            func make(_ key: String) async throws -> HTTPResponse.Status {
                try await clinic.client.execute(
                    uri: "/api/cases/", method: .post,
                    headers: [
                        .authorization: "Bearer \(token)", .contentType: "application/json", .idempotencyKey: key,
                    ], body: ByteBuffer(string: "{\"patientId\": \"P\", \"age\": 61, \"sex\": \"F\"}")
                ) { $0.status }
            }
            try await clinic.database.write { try $0.execute("ALTER TABLE cases RENAME TO lost") }
            let faulty = try await make("k")
            try await clinic.database.write { try $0.execute("ALTER TABLE lost RENAME TO cases") }
            let again = try await make("k")
            let other = try await make("another")
            #expect([faulty, again, other] == [.internalServerError, .conflict, .created])
        }
    }
}
