import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Helpers for tests of the administration pages.
extension WebFixture {
    /// An administrator of another institution with an access token.
    func signUpStranger(_ email: String = "root@other.org") async throws -> String {
        let institution = InstitutionID()
        let now = Timestamp.now
        let user = User.example(email, role: .admin, institution: institution, at: now)
        let hash = try await PasswordHasher(cost: .least).hash(Self.password)
        try await database.write { connection in
            try connection.execute(
                "INSERT INTO institutions (id, name, created_at) VALUES (\(institution), \("Other"), \(now))")
            try UserStore(connection).insert(user, passwordHash: hash)
        }
        let login = "{\"email\": \"\(email)\", \"password\": \"\(Self.password)\"}"
        return try #require(try await call(.post, "/api/users/login/", login)["access"])
    }

    /// A page, which must exist and be valid.
    func page(_ path: String, as token: String, status: HTTPResponse.Status = .ok) async throws -> String {
        let answer = try await call(.get, path, as: token)
        #expect(answer.status == status, "\(path)")
        AdminPages.check(answer.text, path)
        return answer.text
    }

    /// Submits a form.
    func post(_ path: String, _ fields: [(String, String)], as token: String) async throws -> Answer {
        let body = fields.map { name, value -> String in
            let allowed = CharacterSet.alphanumerics
            let (name, value) = (
                name.addingPercentEncoding(withAllowedCharacters: allowed) ?? "",
                value.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
            )
            return "\(name)=\(value)"
        }.joined(separator: "&")
        let answer = try await call(
            .post, path, body, as: token, headers: [.contentType: "application/x-www-form-urlencoded"])
        if !answer.text.isEmpty { AdminPages.check(answer.text, path) }
        return answer
    }

    /// Performs an action on objects, including its confirmation.
    func act(_ table: String, _ action: String, on ids: [String], as token: String) async throws -> Answer {
        let fields = [("action", action), ("confirmed", "1")] + ids.map { ("id", $0) }
        return try await post("/admin/\(table)", fields, as: token)
    }

    /// The ids of a table's rows.
    func ids(_ table: String) async throws -> [String] {
        let rows = try await database.read { try $0.query("SELECT id FROM \(raw: table) ORDER BY id") }
        return try rows.map { try $0.get("id") }
    }

    /// The number of times the trail has this action as done.
    func entries(_ action: String) async throws -> Int {
        try await rows("audit_entries WHERE action = '\(action)' AND outcome = 'done'")
    }

    /// A finished segmentation with its report; returns the case's id.
    func makeFinishedCase(_ token: String) async throws -> String {
        let id = try await makeUploadedCase(token)
        #expect(try await call(.post, "/api/inference/predict/\(id)/", as: token).status == .accepted)
        try await work()
        return id
    }
}

/// Requirements of every page.
enum AdminPages {
    /// No inline scripts, styles or handlers, and balanced tags.
    static func check(_ html: String, _ path: String) {
        #expect(html.firstMatch(of: /<script(?! src=)|<style/) == nil, "\(path)")
        #expect(html.firstMatch(of: /<[^>]*\s(style|on[a-z]+)\s*=/) == nil, "\(path)")
        #expect(!html.contains("{{") && !html.contains("Optional("), "\(path)")
        for tag in ["table", "form", "ul", "li", "main", "nav", "select", "a", "td", "th", "p", "section", "div"] {
            let opened = count("<\(tag)>", html) + count("<\(tag) ", html)
            #expect(opened == count("</\(tag)>", html), "\(tag) in \(path)")
        }
    }

    /// In bytes: searching by characters took a sixth of the tests' time.
    private static func count(_ part: String, _ html: String) -> Int {
        let part = Array(part.utf8CString)
        return Array(html.utf8CString).withUnsafeBufferPointer { text in
            var count = 0
            var rest = text.baseAddress
            while let start = rest, let found = strstr(start, part) {
                count += 1
                rest = UnsafePointer(found) + (part.count - 1)
            }
            return count
        }
    }
}

extension User {
    fileprivate static func example(
        _ email: String, role: Role, institution: InstitutionID, at now: Timestamp
    ) -> User {
        User(
            id: ID(), institutionID: institution, email: email, firstName: "Eve", lastName: "Elsewhere", role: role,
            institution: "", specialty: "", phoneNumber: "", isEmailVerified: true, createdAt: now, updatedAt: now)
    }
}
