import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features

/// The HTTP contract that existing clients rely on, call by call: the exact keys, and no other snake_case.
struct ContractTests {
    @Test func accounts() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let desk = ContractDesk(clinic)
            let made = try await desk.check(
                .post, "users/register/", WebFixture.registration("ada@clinic.org"), .created,
                ["user", "access", "refresh", "message"])
            ContractDesk.expect(made.object["user"], has: ContractKeys.user)
            let credentials = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            let session = try await desk.check(
                .post, "users/login/", credentials, .ok, ["user", "access", "refresh"])
            let token = try #require(session["access"])
            let wrong = try await clinic.call(
                .post, "/api/users/login/", #"{"email": "ada@clinic.org", "password": "wrong"}"#)
            #expect(wrong.status == .unauthorized && wrong["error"] == "Invalid credentials")
            let refresh = "{\"refresh\": \"\(session["refresh"] ?? "")\"}"
            try await desk.check(.post, "users/refresh/", refresh, .ok, ["access", "refresh"])
            try await desk.check(.get, "users/profile/", nil, .ok, ContractKeys.user, as: token)
            let changed = try await desk.check(
                .patch, "users/profile/update/", #"{"specialty": "Radiology"}"#, .ok, ["user", "message"], as: token)
            ContractDesk.expect(changed.object["user"], has: ContractKeys.user)
            let password =
                "{\"currentPassword\": \"\(WebFixture.password)\", \"newPassword\": \"battery staple 7\", "
                + "\"confirmPassword\": \"battery staple 7\"}"
            try await desk.check(.post, "users/profile/change-password/", password, .ok, ["message"], as: token)
            try await desk.check(.post, "users/logout/", refresh, .ok, ["message"], as: token)
        }
    }

    @Test func theDirectoryOfUsers() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let desk = ContractDesk(clinic)
            _ = try await clinic.signUp("root@clinic.org", role: "doctor")
            try await clinic.database.write {
                try $0.execute("UPDATE users SET role = 'admin' WHERE email = \("root@clinic.org")")
            }
            let session = try await clinic.call(
                .post, "/api/users/login/",
                "{\"email\": \"root@clinic.org\", \"password\": \"\(WebFixture.password)\"}")
            let token = try #require(session["access"])
            let doctor = try await clinic.call(
                .post, "/api/users/register/", WebFixture.registration("ada@clinic.org"))
            let id = try #require((doctor.object["user"] as? [String: Any])?["id"] as? String)
            let list = try await desk.check(.get, "users/users/", nil, .ok, ["users", "stats"], as: token)
            ContractDesk.expect(list.object["stats"], has: ["total_users", "by_role", "verified", "unverified"])
            ContractDesk.expect((list.object["users"] as? [Any])?.first, has: ContractKeys.user)
            try await desk.check(.get, "users/users/\(id)/", nil, .ok, ContractKeys.user, as: token)
            try await desk.check(
                .patch, "users/users/\(id)/", #"{"lastName": "King"}"#, .ok, ContractKeys.user, as: token)
            try await desk.check(.delete, "users/users/\(id)/", nil, .ok, ["message"], as: token)
        }
    }

    @Test func casesAndImages() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let desk = ContractDesk(clinic)
            let token = try await clinic.signUp()
            let form = #"{"patientId": "P", "age": 61, "sex": "F", "scan_date": "2026-03-01"}"#
            let made = try await desk.check(.post, "cases/", form, .created, ContractKeys.item, as: token)
            #expect(made["createdBy"] == "Ada Lovelace" && made["scanDate"] == "2026-03-01")
            let id = try #require(made["caseId"])
            let list = try await desk.call(.get, "cases/", as: token)
            ContractDesk.expect(list.list.first, has: ContractKeys.item)
            let page = try await desk.check(
                .get, "cases/?page=1", nil, .ok, ["count", "next", "previous", "results"], as: token)
            #expect(page.object["count"] as? Int == 1)
            try await desk.check(.get, "cases/?cursor=", nil, .ok, ["next", "previous", "results"], as: token)
            try await desk.check(.get, "cases/\(id)/", nil, .ok, ContractKeys.item, as: token)
            for path in ["cases/\(id)/update/", "cases/\(id)/"] {
                try await desk.check(.patch, path, #"{"notes": "n"}"#, .ok, ContractKeys.item, as: token)
            }
            let image = try await clinic.upload(HeadPhantom.nifti(), "t1ce", to: id, as: token)
            #expect(image.status == .created)
            ContractDesk.expect(image.object, has: ContractKeys.image)
            #expect((image["filePath"] ?? "").hasPrefix("http"))
            ContractDesk.expect(
                try await desk.call(.get, "cases/\(id)/images/", as: token).list.first, has: ContractKeys.image)
            try await desk.check(.delete, "cases/\(id)/delete/", nil, .ok, ["message"], as: token)
        }
    }

    @Test func inferenceAndReports() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let desk = ContractDesk(clinic)
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let form = "{\"caseId\": \"\(id)\"}"
            let started = try await desk.check(.post, "inference/", form, .accepted, ContractKeys.task, as: token)
            let task = try #require(started["id"])
            try await desk.check(.post, "inference/segment/", form, .accepted, ContractKeys.task, as: token)
            try await desk.check(.post, "inference/predict/\(id)/", nil, .accepted, ContractKeys.task, as: token)
            try await clinic.work()
            for path in ["inference/", "inference/tasks/"] {
                ContractDesk.expect(try await desk.call(.get, path, as: token).list.first, has: ContractKeys.task)
                let one = try await desk.check(.get, "\(path)\(task)/", nil, .ok, ContractKeys.task, as: token)
                ContractDesk.expect(one.object["result"], has: ContractKeys.result)
            }
            for path in ["inference/result/\(id)/", "cases/\(id)/segmentation/"] {
                let result = try await desk.check(.get, path, nil, .ok, ContractKeys.result, as: token)
                ContractDesk.expect(result.object["volumes"], has: ContractKeys.regions)
            }
            let pictures = try await desk.call(.get, "cases/\(id)/visualizations/", as: token).list
            ContractDesk.expect(pictures.first, has: ["name", "url"])
            try await desk.check(
                .post, "cases/\(id)/feedback/", #"{"rating": 5}"#, .created, ["id", "rating"], as: token)
            try await desk.check(
                .post, "inference/tasks/\(task)/cancel/", nil, .ok, ContractKeys.task, as: token)
            let model = try #require(try await desk.call(.get, "inference/models/", as: token).list.first?["id"])
            try await desk.check(.get, "inference/models/\(model)/", nil, .ok, ["id", "version"], as: token)
            try await reports(desk, form, id, token)
        }
    }

    private func reports(_ desk: ContractDesk, _ form: String, _ id: String, _ token: String) async throws {
        let made = try await desk.check(.post, "reports/", form, .created, ContractKeys.report, as: token)
        let report = try #require(made["reportId"])
        try await desk.check(.post, "reports/generate/\(id)/", nil, .created, ContractKeys.report, as: token)
        ContractDesk.expect(try await desk.call(.get, "reports/", as: token).list.first, has: ContractKeys.report)
        try await desk.check(.get, "reports/\(report)/", nil, .ok, ContractKeys.report, as: token)
        let change = #"{"finalizedText": "Whole tumour 12.3 ml.", "editReason": "shorter", "status": "reviewed"}"#
        let changed = try await desk.check(
            .patch, "reports/\(report)/update/", change, .ok, ContractKeys.report, as: token)
        #expect(changed["status"] == "reviewed" && changed.object["editCount"] as? Int == 1)
        let pdf = try await desk.call(.get, "reports/\(report)/export/", as: token)
        #expect(pdf.status == .ok && pdf.headers[.contentType] == "application/pdf")
        let files = try await desk.call(.get, "reports/\(report)/pdfs/", as: token).list
        ContractDesk.expect(files.first, has: ["id", "url", "createdAt"])
        try await desk.check(
            .get, "reports/\(report)/traceability/", nil, .ok, ["reportId", "sentences", "model"], as: token)
        #expect(try await desk.call(.get, "reports/templates/", as: token).list.count == 1)
    }

    /// Clients send back whole objects as received, with unknown fields, in either spelling, and without the trailing
    /// slash.
    @Test func whatWasAnsweredMayBeSentBack() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let admin = try await clinic.signUpAdmin()
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let profile = try await clinic.call(.get, "/api/users/profile", as: token)
            let user = try #require(profile["id"])
            for (path, asker) in [("users/profile/update", token), ("users/users/\(user)", admin)] {
                let changed = try await clinic.call(.patch, "/api/\(path)", profile.text, as: asker)
                #expect(changed.status == .ok, "\(path): \(changed.text)")
            }
            let item = try await clinic.call(.get, "/api/cases/\(id)", as: token)
            #expect(try await clinic.call(.patch, "/api/cases/\(id)/update", item.text, as: token).status == .ok)
            let start = "{\"case_id\": \"\(id)\", \"modelId\": null, \"priority\": 5}"
            #expect(try await clinic.call(.post, "/api/inference", start, as: token).status == .accepted)
            try await clinic.work()
            let report = try await clinic.call(.post, "/api/reports", "{\"caseId\": \"\(id)\"}", as: token)
            let path = "/api/reports/\(report["reportId"] ?? "")"
            let whole = try await clinic.call(.get, path, as: token)
            #expect(try await clinic.call(.patch, "\(path)/update", whole.text, as: token).status == .ok)
        }
    }

    @Test func whatIsNotBuiltIsNotThere() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            for path in ["", "start/", "6f9619ff-8b86-d011-b42d-00cf4fc964ff/"] {
                let answer = try await clinic.call(.get, "/api/inference/continual-learning/\(path)", as: token)
                #expect(answer.status == .notFound && answer["code"] == "not_found")
            }
            let health = try await clinic.call(.get, "/api/health/")
            ContractDesk.expect(health.object, has: ["status", "service", "version"])
            #expect(health["status"] == "healthy")
            // Without the trailing slash the response is the same.
            #expect(try await clinic.call(.get, "/api/health").data == health.data)
        }
    }
}

/// The contract's keys.
enum ContractKeys {
    static let user: Set = [
        "id", "username", "email", "firstName", "lastName", "role", "institution", "specialty", "phoneNumber",
        "isEmailVerified", "createdAt", "updatedAt",
    ]
    static let item: Set = [
        "caseId", "patientId", "createdBy", "status", "age", "sex", "scanDate", "fieldStrength", "scannerType",
        "clinicalHistory", "indication", "diagnosis", "priority", "notes", "createdAt", "updatedAt", "completedAt",
    ]
    static let image: Set = [
        "id", "modality", "originalFilename", "fileSize", "filePath", "dimensions", "spacing", "isValid", "uploadedAt",
    ]
    static let task: Set = [
        "id", "caseId", "status", "progress_percentage", "current_step", "createdAt", "startedAt", "completedAt",
        "errorMessage", "result",
    ]
    static let regions: Set = ["whole_tumor", "tumor_core", "enhancing_tumor"]
    static let result: Set = [
        "volumes", "confidence_scores", "mask_files", "structured_findings", "gating_weights", "available_modalities",
        "model_version", "device",
    ]
    static let report: Set = [
        "reportId", "caseId", "patientId", "status", "aiGeneratedText", "finalizedText", "findingsJson", "editCount",
        "generatedAt", "updatedAt", "lastEditedBy",
    ]

    /// Every allowed snake_case key in responses: the contract's own, then the additional ones of a result.
    static let snake: Set = [
        "total_users", "by_role", "progress_percentage", "current_step", "whole_tumor", "tumor_core",
        "enhancing_tumor", "confidence_scores", "mask_files", "structured_findings", "gating_weights",
        "available_modalities", "model_version",
        "volumes_ml", "reference_modality", "label_convention", "skull_stripped", "brain_mask", "expected_dice",
        "images_changed",
    ]
}

/// Makes calls and compares the responses with the contract.
struct ContractDesk {
    private let clinic: WebFixture

    init(_ clinic: WebFixture) {
        self.clinic = clinic
    }

    func call(_ method: HTTPRequest.Method, _ path: String, _ json: String? = nil, as token: String? = nil)
        async throws -> Answer
    {
        let answer = try await clinic.call(method, "/api/" + path, json, as: token)
        let body = try? JSONSerialization.jsonObject(with: answer.data, options: .fragmentsAllowed)
        let strange = Self.snakeKeys(in: body as Any).subtracting(ContractKeys.snake)
        #expect(strange.isEmpty, "\(method) \(path) answers in snake_case: \(strange.sorted())")
        return answer
    }

    /// A call whose response is an object with these keys.
    @discardableResult
    func check(
        _ method: HTTPRequest.Method, _ path: String, _ json: String?, _ status: HTTPResponse.Status,
        _ keys: Set<String>, as token: String? = nil
    ) async throws -> Answer {
        let answer = try await call(method, path, json, as: token)
        #expect(answer.status == status, "\(method) \(path): \(answer.text)")
        Self.expect(answer.object, has: keys)
        return answer
    }

    static func expect(_ object: Any?, has keys: Set<String>) {
        let missing = keys.subtracting(((object as? [String: Any]) ?? [:]).keys)
        #expect(missing.isEmpty, "missing: \(missing.sorted())")
    }

    private static func snakeKeys(in value: Any) -> Set<String> {
        if let object = value as? [String: Any] {
            return object.reduce(into: Set(object.keys.filter { $0.contains("_") })) {
                $0.formUnion(snakeKeys(in: $1.value))
            }
        }
        return ((value as? [Any]) ?? []).reduce(into: []) { $0.formUnion(snakeKeys(in: $1)) }
    }
}
