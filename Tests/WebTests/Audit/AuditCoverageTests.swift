import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Web

/// Every successful call of the API leaves an entry, or is on the list of exceptions.
@Suite struct AuditCoverageTests {
    @Test func everyCallLeavesItsTrace() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signUp()
            let admin = try await clinic.signUpAdmin()
            try await Self.work(clinic, doctor)
            try await Self.administer(clinic, admin, doctor)
            try await Self.meet(clinic, doctor, admin)
            try await Self.leave(clinic, doctor)
            let names = Set(try clinic.services.apiRoutes.map(AuditConformance.name))
            let untraced = names.subtracting(clinic.audit.traced).subtracting(AuditConformance.exempt.keys)
                .subtracting(AuditConformance.elsewhere.keys)
            // HEAD is GET without the body.
            #expect(untraced.filter { !$0.hasPrefix("HEAD ") }.sorted() == [])
            let listed = Set(AuditConformance.exempt.keys).union(AuditConformance.elsewhere.keys)
            let gone = listed.union(AuditConformance.idempotent).subtracting(names)
            #expect(gone.sorted() == [], "the lists name calls that are no more")
        }
    }

    private static func work(_ clinic: WebFixture, _ doctor: String) async throws {
        let first = try await clinic.makeUploadedCase(doctor)
        for path in ["", "images/"] {
            #expect(try await clinic.call(.get, "/api/cases/\(first)/\(path)", as: doctor).status == .ok)
        }
        #expect(try await clinic.call(.get, "/api/cases/", as: doctor).status == .ok)
        for path in ["update/", ""] {
            let change = try await clinic.call(
                .patch, "/api/cases/\(first)/\(path)", #"{"notes": "\#(path)."}"#, as: doctor)
            #expect(change.status == .ok)
        }
        var task = ""
        for path in ["", "segment/", "predict/"] {
            let id = try await clinic.makeUploadedCase(doctor)
            let body = path == "predict/" ? nil : #"{"caseId": "\#(id)"}"#
            let start = try await clinic.call(
                .post, "/api/inference/\(path)\(body == nil ? "\(id)/" : "")", body, as: doctor)
            task = try #require(start["id"])
        }
        #expect(try await clinic.call(.post, "/api/inference/tasks/\(task)/cancel/", as: doctor).status == .ok)
        try await streams(clinic, doctor, of: task)
        try await results(clinic, doctor, of: first)
    }

    private static func streams(_ clinic: WebFixture, _ doctor: String, of task: String) async throws {
        for path in ["/api/events/", "/api/inference/\(task)/events/"] {
            #expect(try await clinic.call(.get, path, as: doctor).status == .ok)
        }
        #expect(try await clinic.call(.post, "/api/events/ticket/", as: doctor).status == .created)
    }

    private static func results(_ clinic: WebFixture, _ doctor: String, of id: String) async throws {
        let start = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: doctor)
        let task = try #require(start["id"])
        try await clinic.work()
        for path in [
            "/api/inference/", "/api/inference/tasks/", "/api/inference/\(task)/", "/api/inference/tasks/\(task)/",
            "/api/inference/result/\(id)/", "/api/cases/\(id)/segmentation/", "/api/cases/\(id)/visualizations/",
            "/api/reports/",
        ] { #expect(try await clinic.call(.get, path, as: doctor).status == .ok, "\(path)") }
        let images = try await clinic.call(.get, "/api/cases/\(id)/images/", as: doctor).list
        let url = try #require((images.first?["filePath"] as? String).flatMap { URLComponents(string: $0) })
        #expect(try await clinic.call(.get, "\(url.path)?\(url.query ?? "")").status == .ok)
        #expect(try await clinic.call(.post, "/api/reports/generate/\(id)/", as: doctor).status == .created)
        let report = try await clinic.call(.post, "/api/reports/", #"{"caseId": "\#(id)"}"#, as: doctor)
        try await reports(clinic, doctor, of: id, try #require(report["reportId"]))
        let other = try await clinic.makeCase(doctor)
        for path in ["\(other)/delete/", "\(id)/"] {
            #expect(try await clinic.call(.delete, "/api/cases/\(path)", as: doctor).status == .ok)
        }
    }

    private static func reports(
        _ clinic: WebFixture, _ doctor: String, of id: String, _ report: String
    ) async throws {
        for path in ["", "traceability/", "export/", "pdfs/", "addenda/"] {
            #expect(try await clinic.call(.get, "/api/reports/\(report)/\(path)", as: doctor).status == .ok)
        }
        let edit = #"{"finalizedText": "Seen.", "editReason": "read again"}"#
        #expect(try await clinic.call(.patch, "/api/reports/\(report)/update/", edit, as: doctor).status == .ok)
        let mark = #"{"rating": 4}"#
        #expect(try await clinic.call(.get, "/api/inference/ground-truth/\(id)/", as: doctor).status == .ok)
        let feedback = "/api/cases/\(id)/feedback/"
        #expect(try await clinic.call(.post, feedback, mark, as: doctor).status == .created)
        #expect(try await clinic.call(.get, feedback, as: doctor).status == .ok)
    }

    /// Sharing, invitations and institutions.
    private static func meet(_ clinic: WebFixture, _ doctor: String, _ admin: String) async throws {
        let colleague = try await clinic.signUp("colleague@clinic.org")
        let user = try #require(try await clinic.call(.get, "/api/users/profile/", as: colleague)["id"])
        let shares = "/api/cases/\(try await clinic.makeCase(doctor))/shares/"
        let share = #"{"userId": "\#(user)"}"#
        #expect(try await clinic.call(.post, shares, share, as: doctor).status.kind == .successful)
        #expect(try await clinic.call(.delete, "\(shares)\(user)/", as: doctor).status.kind == .successful)
        let sessions = try await clinic.call(.get, "/api/users/sessions/", as: colleague).list
        let session = try #require(sessions.first?["id"] as? String)
        #expect(try await clinic.call(.delete, "/api/users/sessions/\(session)/", as: colleague).status == .ok)

        let invite = try await clinic.call(.post, "/api/users/invitations/", #"{"role": "radiologist"}"#, as: admin)
        #expect(invite.status == .created)
        let invitations = try await clinic.call(.get, "/api/users/invitations/", as: admin)
        let invitation = try #require(invitations.list.first?["id"] as? String)
        let revoke = try await clinic.call(.delete, "/api/users/invitations/\(invitation)/", as: admin)
        #expect(revoke.status.kind == .successful)

        try await clinic.database.write {
            try $0.execute("UPDATE users SET is_superuser = 1 WHERE email = 'root@clinic.org'")
        }
        let made = try await clinic.call(.post, "/api/institutions/", #"{"name": "Other"}"#, as: admin)
        let institution = try #require(made["id"])
        let rename = #"{"name": "Another"}"#
        #expect(try await clinic.call(.patch, "/api/institutions/\(institution)/", rename, as: admin).status == .ok)
    }

    private static func administer(_ clinic: WebFixture, _ admin: String, _ doctor: String) async throws {
        let user = try #require(try await clinic.call(.get, "/api/users/profile/", as: doctor)["id"])
        for path in [
            "/api/users/users/", "/api/users/users/\(user)/", "/api/audit/", "/api/audit/export/", "/api/audit/head/",
        ] {
            #expect(try await clinic.call(.get, path, as: admin).status == .ok, "\(path)")
        }
        let change = #"{"specialty": "Neuroradiology"}"#
        #expect(try await clinic.call(.patch, "/api/users/users/\(user)/", change, as: admin).status == .ok)
        let other = try #require(WebFixture.models.list().last?.id)
        let activate = "/api/inference/models/\(other)/activate/"
        #expect(try await clinic.call(.post, activate, as: admin).status == .ok)
        #expect(try await clinic.call(.post, "/api/inference/models/rollback/", as: admin).status == .ok)
        let lost = try await clinic.makeCase(doctor)
        #expect(try await clinic.call(.delete, "/api/cases/\(lost)/", as: doctor).status == .ok)
        #expect(try await clinic.call(.post, "/api/cases/\(lost)/restore/", as: admin).status == .ok)
        let victim = try await clinic.signUp("victim@clinic.org")
        let id = try #require(try await clinic.call(.get, "/api/users/profile/", as: victim)["id"])
        #expect(try await clinic.call(.delete, "/api/users/users/\(id)/", as: admin).status == .ok)
    }

    private static func leave(_ clinic: WebFixture, _ doctor: String) async throws {
        let profile = #"{"specialty": "Radiology"}"#
        #expect(try await clinic.call(.patch, "/api/users/profile/update/", profile, as: doctor).status == .ok)
        let login = #"{"email": "ada@clinic.org", "password": "\#(WebFixture.password)"}"#
        let refresh = try #require(try await clinic.call(.post, "/api/users/login/", login)["refresh"])
        let next = try await clinic.call(.post, "/api/users/refresh/", #"{"refresh": "\#(refresh)"}"#)
        #expect(next.status == .ok)
        let password = "a better horse 2"
        let form = """
            {"currentPassword": "\(WebFixture.password)", "newPassword": "\(password)", "confirmPassword": "\(password)"}
            """
        #expect(
            try await clinic.call(.post, "/api/users/profile/change-password/", form, as: next["access"]).status == .ok)
        let leave = try await clinic.call(.post, "/api/users/logout/", #"{"refresh": "\#(next["refresh"] ?? "")"}"#)
        #expect(leave.status == .ok)
    }
}
