import Foundation
import HTTPTypes
import Storage
import Synchronization
import Testing

@testable import Features
@testable import Web

/// Checks that every call in a test was recorded in the audit trail: `WebFixture` uses it, so that new calls are checked
/// as well, and the permission matrix makes all of them.
final class AuditConformance: Sendable {
    /// Calls that need no entry when they succeed, and why.
    static let exempt: [String: String] = [
        "GET /api/health/": "tells of no patient",
        "GET /api/health/status/": "tells of no patient",
        "GET /api/schema/": "tells of no patient",
        "GET /api/users/profile/": "one's own account",
        "GET /api/users/sessions/": "one's own sessions",
        "GET /api/users/invitations/": "invitations hold no patient data",
        "GET /api/institutions/": "institutions hold no patient data",
        "GET /api/institutions/{institutionId}/": "institutions hold no patient data",
        "GET /api/cases/{caseId}/shares/": "names colleagues and nothing of the patient",
        "GET /api/users/second-factor/": "one's own account",
        "OPTIONS /api/cases/{caseId}/uploads/": "tells of no patient",
        "GET /api/users/users/": "accounts hold no patient data",
        "GET /api/users/users/{userId}/": "accounts hold no patient data",
        "GET /api/inference/models/": "models hold no patient data",
        "GET /api/inference/models/{modelId}/": "models hold no patient data",
        "GET /api/reports/templates/": "templates hold no patient data",
    ]
    /// Calls that add an entry only if they change something.
    static let idempotent: Set<String> = [
        "POST /api/users/logout/", "PATCH /api/users/profile/update/", "PATCH /api/users/users/{userId}/",
        "POST /api/inference/models/{modelId}/activate/", "POST /api/inference/", "POST /api/inference/segment/",
        "POST /api/inference/predict/{caseId}/", "POST /api/inference/tasks/{taskId}/cancel/",
        "PATCH /api/institutions/{institutionId}/",
    ]

    /// Calls that need more than one request to succeed: the suites that make them, where each is checked as well.
    static let elsewhere: [String: String] = [
        "POST /api/cases/{caseId}/uploads/": "ResumableUploadRoutesTests",
        "PATCH /api/cases/{caseId}/uploads/{uploadId}/": "ResumableUploadRoutesTests",
        "DELETE /api/cases/{caseId}/uploads/{uploadId}/": "ResumableUploadRoutesTests",
        "POST /api/inference/upload-ground-truth/{caseId}/": "ExpertMaskRoutesTests",
        "POST /api/reports/{reportId}/addenda/": "SignedReportTests",
        "POST /api/users/second-factor/": "AccountRoutesTests",
        "POST /api/users/second-factor/confirm/": "AccountRoutesTests",
        "POST /api/users/second-factor/disable/": "AccountRoutesTests",
        "DELETE /api/users/users/{userId}/second-factor/": "AccountRoutesTests",
        "POST /api/users/users/{userId}/approve/": "RegistrationRoutesTests",
    ]

    private let database: any Database
    private let routes: [APIRoute]
    private let succeeded = Mutex<Set<String>>([])

    init(_ routes: [APIRoute], _ database: any Database) {
        self.routes = routes
        self.database = database
    }

    /// Successful calls with their entry.
    var traced: Set<String> { succeeded.withLock { $0 } }

    static func name(_ route: APIRoute) -> String { "\(route.method) \(route.path)" }

    /// Records an issue if a successful or denied call left no entry.
    func check(_ route: APIRoute?, _ answer: Answer, isSignedIn: Bool) async throws {
        guard let route, let request = answer.headers[.requestID] else { return }
        let name = Self.name(route)
        let isRefusal = [401, 403, 404].contains(answer.status.code)
        guard answer.status.kind == .successful || (isRefusal && isSignedIn) else { return }
        guard isRefusal || Self.exempt[name] == nil else { return }
        let rows = try await database.read {
            try $0.query("SELECT action, outcome FROM audit_entries WHERE request_id = \(request)")
        }
        let outcomes = try rows.map { try $0.get("outcome", as: String.self) }
        if isRefusal {
            #expect(outcomes.contains("refused"), "\(name) \(answer.status.code) left no refusal")
        } else if outcomes.contains("done") {
            succeeded.withLock { _ = $0.insert(name) }
        } else if !Self.idempotent.contains(name) {
            Issue.record("\(name) \(answer.status.code) left no entry in the audit trail")
        }
    }
}
