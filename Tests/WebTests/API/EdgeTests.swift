import Foundation
import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import Web

/// Properties of every response, regardless of the route.
struct EdgeTests {
    private func header(_ name: String, _ answer: Answer) throws -> String? {
        answer.headers[try #require(HTTPField.Name(name))]
    }

    @Test func aKnownPathNamesItsMethods() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let refused = try await clinic.call(.put, "/api/cases/")
            #expect(refused.status == .methodNotAllowed && refused["code"] == "method_not_allowed")
            #expect(refused.headers[.allow] == "GET, HEAD, POST")
            #expect(try await clinic.call(.delete, "/cases").headers[.allow] == "GET, HEAD, POST")
            #expect(try await clinic.call(.put, "/api/nowhere/").status == .notFound)
            let head = try await clinic.call(.head, "/api/health/")
            #expect(head.status == .ok && head.data.isEmpty)
        }
    }

    @Test func problemsAreToldAsAsked() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let problems: HTTPFields = [.accept: "application/problem+json, application/json"]
            let bad = try await clinic.call(.post, "/api/users/register/", "{}", headers: problems)
            #expect(bad.status == .badRequest && bad.headers[.contentType] == "application/problem+json")
            #expect(bad["title"] == "Bad Request" && bad.object["status"] as? Int == 400 && bad["code"] == "validation")
            #expect((bad.object["errors"] as? [String: [String]])?["email"]?.count == 1)
            let stranger = try await clinic.call(.get, "/api/cases/", headers: problems)
            #expect(
                stranger["type"] == "about:blank" && stranger["detail"]?.hasPrefix("Your session has expired.") == true)
            #expect(stranger.headers[.wwwAuthenticate] == "Bearer")
            #expect(try await clinic.call(.get, "/api/cases/")["error"] != nil)
        }
    }

    @Test func everyAnswerGuardsTheBrowser() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            for path in ["/login", "/api/health/", "/api/nowhere/", "/assets/site.css", "/api/docs/start.js"] {
                let answer = try await clinic.call(.get, path)
                let policy = try header("Content-Security-Policy", answer) ?? ""
                #expect(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "\(path)")
                #expect(try header("X-Frame-Options", answer) == "DENY", "\(path)")
                #expect(try header("X-Content-Type-Options", answer) == "nosniff", "\(path)")
                #expect(try header("Cross-Origin-Opener-Policy", answer) == "same-origin", "\(path)")
                #expect(try header("Permissions-Policy", answer)?.contains("camera=()") == true, "\(path)")
                #expect(try header("Strict-Transport-Security", answer) == nil, "\(path)")
            }
        }
    }

    @Test func browsersKeepToTLSWhereThePublicAddressHasIt() async throws {
        try await WebFixture.with(.sqlite, settings: { $0.publicURL = "https://neuroai.example.org" }) { clinic in
            let answer = try await clinic.call(.get, "/api/health/")
            #expect(try header("Strict-Transport-Security", answer) == "max-age=31536000")
        }
    }

    @Test func anotherHostIsNotAnswered() async throws {
        let hosts = AllowedHosts(["localhost", "[::1]", ".example.org"])
        for name in ["localhost", "LOCALHOST:8000", "[::1]:8000", "[0:0::1]", "example.org", "a.example.org:1"] {
            #expect(hosts.allows(name), "\(name)")
        }
        for name in [
            "", "evil.org", "localhost.evil.org", "badexample.org", "[::2]", "127.0.0.1", "localhost:",
            "localhost:99999", "[::1]:99999",
            "localhost:8000@evil.example", "localhost:99999/x?", "localhost/x", "localhost:1:2", "localhost\u{0}",
        ] {
            #expect(!hosts.allows(name), "\(name)")
        }
        #expect(!AllowedHosts([]).allows("localhost"))
        try await WebFixture.with(.sqlite, settings: { $0.allowedHosts = ["neuroai.example.org"] }) { clinic in
            let refused = try await clinic.call(.get, "/api/health/")
            #expect(refused.status == .badRequest && refused.object["non_field_errors"] != nil)
        }
    }

    @Test func everyAnswerVariesByOrigin() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            for path in ["/login", "/api/health/", "/api/nowhere/", "/api/cases/", "/assets/site.css", "/metrics"] {
                for origin in [nil, "http://localhost:5173", "http://evil.example"] {
                    let answer = try await clinic.call(.get, path, headers: origin.map { [.origin: $0] } ?? [:])
                    #expect(answer.headers[values: .vary] == ["Origin"], "\(path) \(origin ?? "")")
                }
            }
        }
    }

    /// Health checks and sign-in pages must work for clients that still have a token.
    @Test(arguments: TestDatabase.all) func publicCallsNeedNoSessions(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            try await clinic.database.write { try $0.execute("ALTER TABLE sessions RENAME TO lost") }
            for path in [
                "/api/health/", "/login", "/register", "/api/docs/start.js", "/assets/site.css", "/api/schema/",
            ] {
                let answer = try await clinic.client.execute(
                    uri: path, method: .get, headers: [.authorization: "Bearer \(token)"], body: nil
                ) { Answer($0) }
                #expect(answer.status == .ok, "\(path)")
            }
            let needed = try await clinic.client.execute(
                uri: "/api/cases/", method: .get, headers: [.authorization: "Bearer \(token)"], body: nil
            ) { Answer($0) }
            #expect(needed.status == .internalServerError)
            try await clinic.database.write { try $0.execute("ALTER TABLE lost RENAME TO sessions") }
            #expect(try await clinic.call(.get, "/api/cases/", as: token).status == .ok)
        }
    }

    @Test func aBodyBeyondTheRoutesLimitIsRefused() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let large = "{\"email\": \"\(String(repeating: "a", count: JSON.bodyLimit))\"}"
            let refused = try await clinic.call(.post, "/api/users/login/", large)
            #expect(refused.status == .contentTooLarge && refused["code"] == "too_large")
            let chunked = try await clinic.call(
                .post, "/api/users/login/", large, headers: [.transferEncoding: "chunked"])
            #expect(chunked.status == .contentTooLarge)
        }
    }

    @Test func aFilterThatIsNoIdIsRefused() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            for path in ["/api/reports/?caseId=x", "/api/inference/?case_id=x", "/api/cases/?page="] {
                #expect(try await clinic.call(.get, path, as: token).status == .badRequest, "\(path)")
            }
            #expect(try await clinic.call(.get, "/api/inference/?caseId=", as: token).status == .ok)
        }
    }

    @Test func aSlowClientIsGivenUp() {
        var timeout = ClientTimeout(leastBytes: 100)
        func isOver(_ isWritable: Bool = true) -> Bool { timeout.isOver(isWritable: isWritable) }
        let idle = isOver()
        timeout.requestBegan()
        timeout.serverWaits = true
        let young = isOver()
        timeout.received(100)
        let fast = isOver()
        timeout.received(99)
        let slow = isOver()
        timeout.serverWaits = false
        let whileServerIsBusy = isOver()
        timeout.serverWaits = true
        timeout.requestEnded()
        let waiting = isOver()
        #expect([idle, young, fast, slow, whileServerIsBusy, waiting] == [false, false, false, true, false, false])
        let unfetched = [isOver(false), isOver(false)]
        #expect(unfetched == [false, true])
        timeout.writabilityChanged()
        let fetched = isOver(false)
        #expect(!fetched)
        timeout.requestBegan()
        timeout.answered()
        timeout.received(1_000)
        let answered = isOver()
        timeout.received(1_000)
        let stillSending = isOver()
        #expect(!answered && stillSending)
    }

    /// Pages of other sites may send requests, but their browsers do not let them read the response.
    @Test func onlyNamedOriginsMayRead() async throws {
        try await WebFixture.with(.sqlite, settings: { $0.allowedOrigins = ["http://localhost:5173"] }) { clinic in
            for (origin, isNamed) in [
                ("http://localhost:5173", true), ("http://evil.example", false), ("http://localhost:51730", false),
            ] {
                for method in [HTTPRequest.Method.get, .options] {
                    let answer = try await clinic.call(method, "/api/health/", headers: [.origin: origin])
                    #expect((answer.headers[.accessControlAllowOrigin] == origin) == isNamed, "\(method) \(origin)")
                    #expect((answer.headers[.accessControlAllowOrigin] != nil) == isNamed, "\(method) \(origin)")
                }
            }
        }
    }

    /// With two `Cache-Control` fields, a proxy could choose which one to follow.
    @Test func anAnswerSaysOnceHowLongItIsKept() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            for path in ["/login", "/api/health/", "/assets/site.css", "/api/docs/start.js", "/api/nowhere/"] {
                let answer = try await clinic.call(.get, path)
                #expect(answer.headers[values: .cacheControl].count == 1, "\(path)")
            }
        }
    }

    /// Cookies sent over plain HTTP can be read by anyone on the network path.
    @Test func cookiesKeepToTLSWhereThePublicAddressHasIt() async throws {
        for (address, isSecure) in [("https://neuroai.example.org", true), ("http://neuroai.example.org", false)] {
            try await WebFixture.with(.sqlite, settings: { $0.publicURL = address }) { clinic in
                _ = try await clinic.signUp()
                let entered = try await clinic.call(
                    .post, "/login", "email=ada%40clinic.org&password=\(WebFixture.password.replacing(" ", with: "+"))",
                    headers: [
                        .contentType: "application/x-www-form-urlencoded", .origin: "http://localhost",
                    ])
                let cookies = entered.headers[values: .setCookie]
                #expect(cookies.count >= 2 && cookies.allSatisfy { $0.contains("Secure") == isSecure }, "\(cookies)")
                #expect(cookies.allSatisfy { $0.contains("HttpOnly") && $0.contains("SameSite=Strict") })
            }
        }
    }
}
