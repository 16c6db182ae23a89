import Foundation
import HTTPTypes
import Synchronization
import Testing

/// A browser with forms, cookies and redirects, as needed for tests of pages.
final class Browser: Sendable {
    private let clinic: WebFixture
    private let cookies = Mutex<[String: String]>([:])

    init(_ clinic: WebFixture) {
        self.clinic = clinic
    }

    var isSignedIn: Bool { cookies.withLock { $0["neuroai_access"]?.isEmpty == false } }

    /// A page, which must be valid.
    func get(_ path: String) async throws -> Answer { try await send(.get, path, nil) }

    func post(_ path: String, _ fields: [String: String] = [:], from origin: String = "http://localhost") async throws
        -> Answer
    {
        let body = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
        return try await send(
            .post, path, body, [.contentType: "application/x-www-form-urlencoded", .origin: origin])
    }

    /// The page that `answer` redirects to.
    func follow(_ answer: Answer) async throws -> Answer {
        #expect(answer.status == .seeOther)
        return try await get(try #require(answer.headers[.location]))
    }

    func signIn(_ email: String, code: String = "") async throws -> Answer {
        try await post("/login", ["email": email, "password": WebFixture.password, "otp": code])
    }

    private func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String?, _ more: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = more
        let sent = cookies.withLock { $0.map { "\($0)=\($1)" }.joined(separator: "; ") }
        if !sent.isEmpty { headers[.cookie] = sent }
        let answer = try await clinic.call(method, path, body, headers: headers)
        for cookie in answer.headers[values: .setCookie] {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            cookies.withLock { $0[String(pair[0])] = String(pair[1]) }
        }
        if answer.headers[.contentType]?.hasPrefix("text/html") == true { AdminPages.check(answer.text, path) }
        return answer
    }
}
