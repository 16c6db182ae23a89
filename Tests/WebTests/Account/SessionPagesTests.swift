import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// How pages keep users signed in, redirect after sign-in, and report errors.
struct SessionPagesTests {
    private static let form: HTTPFields = [
        .contentType: "application/x-www-form-urlencoded", .origin: "http://localhost",
    ]
    private static let html: HTTPFields = [.accept: "text/html,application/xhtml+xml,*/*;q=0.8"]

    /// The tokens of a new sign-in by page, and all its cookies.
    private static func signIn(
        _ clinic: WebFixture, next: String = ""
    ) async throws -> (access: String, refresh: String, answer: Answer) {
        let body = "email=ada%40clinic.org&password=correct+horse&next=\(next)"
        let answer = try await clinic.call(.post, "/login", body, headers: form)
        func value(_ name: String) throws -> String {
            let cookie = try #require(answer.headers[values: .setCookie].first { $0.hasPrefix("\(name)=") })
            return String(cookie.dropFirst(name.count + 1).prefix { $0 != ";" })
        }
        return (try value("neuroai_access"), try value("neuroai_refresh"), answer)
    }

    /// The same sign-in's access token, as if issued `seconds` ago.
    private static func aged(_ clinic: WebFixture, _ access: String, by seconds: Double) async throws -> String {
        let signer = clinic.services.sessions.signer
        let claims = try #require(await signer.claims(access, use: .access, at: .now))
        return try await signer.sign(
            SessionClaims(
                use: .access, user: claims.user, institution: claims.institution, session: claims.session, id: ID(),
                issuedAt: claims.issuedAt - seconds, expiresAt: claims.expiresAt - seconds))
    }

    private static func cookies(_ access: String?, _ refresh: String?, _ more: HTTPFields = [:]) -> HTTPFields {
        var headers = more
        headers[.cookie] = [access.map { "neuroai_access=\($0)" }, refresh.map { "neuroai_refresh=\($0)" }]
            .compactMap { $0 }.joined(separator: "; ")
        return headers
    }

    private static func isRenewed(_ answer: Answer) -> Bool {
        let set = answer.headers[values: .setCookie]
        return set.contains { $0.hasPrefix("neuroai_access=ey") } && set.contains { $0.hasPrefix("neuroai_refresh=ey") }
    }

    @Test(arguments: TestDatabase.all) func useKeepsSomebodySignedIn(_ kind: TestDatabase) async throws {
        let settings = SessionSettings(accessLifetime: .seconds(600), refreshLifetime: .seconds(7200))
        try await WebFixture.with(kind, sessions: settings) { clinic in
            _ = try await clinic.signUp()
            let (access, refresh, entered) = try await Self.signIn(clinic)
            let set = entered.headers[values: .setCookie]
            #expect(set.contains { $0.hasPrefix("neuroai_access=") && $0.contains("Max-Age=600") })
            #expect(set.contains { $0.hasPrefix("neuroai_refresh=") && $0.contains("Max-Age=7200") })
            #expect(set.allSatisfy { $0.contains("HttpOnly") && $0.contains("SameSite=Strict") })
            func get(_ path: String, _ access: String?, _ refresh: String?) async throws -> Answer {
                try await clinic.call(.get, path, headers: Self.cookies(access, refresh))
            }
            #expect(try await get("/cases", access, refresh).headers[values: .setCookie].isEmpty)
            // Half of its lifetime is over.
            let old = try await Self.aged(clinic, access, by: 400)
            let renewed = try await get("/cases", old, refresh)
            #expect(renewed.status == .ok && Self.isRenewed(renewed))
            #expect(try await get("/assets/site.css", old, refresh).headers[values: .setCookie].isEmpty)
            // All of it is over, and the browser has dropped it; several resources of a page are requested
            // concurrently.
            for path in ["/cases", "/account", "/api/users/profile/"] {
                let back = try await get(path, nil, refresh)
                #expect(back.status == .ok && Self.isRenewed(back), "\(path)")
            }
            // A form submitted after the token expired is not lost, but another site's form is rejected.
            let expired = try await Self.aged(clinic, access, by: 700)
            let made = try await clinic.call(
                .post, "/cases", "patientId=P1&age=61&sex=F", headers: Self.cookies(expired, refresh, Self.form))
            #expect(made.status == .seeOther && made.headers[.location]?.hasPrefix("/cases/") == true)
            var foreign = Self.cookies(expired, refresh, Self.form)
            foreign[.origin] = "http://evil.example"
            let refused = try await clinic.call(.post, "/cases", "patientId=P2&age=61&sex=F", headers: foreign)
            #expect(refused.headers[.location] == "/login" && !Self.isRenewed(refused))
            #expect(try await clinic.rows("cases") == 1)
            // Once the session has ended, the cookies are cleared.
            try await clinic.database.write {
                try $0.execute("UPDATE sessions SET ended_at = 1, end_reason = 'deactivated'")
            }
            let over = try await get("/account", nil, refresh)
            #expect(over.headers[.location] == "/login?next=%2Faccount")
            #expect(over.headers[values: .setCookie].contains { $0.hasPrefix("neuroai_refresh=;") })
        }
    }

    @Test func theSignInLeadsBack() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let asked = try await clinic.call(.get, "/cases/\(id)?a=b")
            let place = try #require(asked.headers[.location])
            #expect(place == "/login?next=%2Fcases%2F\(id)%3Fa%3Db")
            let page = try await clinic.call(.get, place).text
            #expect(page.contains("name=\"next\" value=\"/cases/\(id)?a=b\""))
            let wrong = try await clinic.call(
                .post, "/login", "email=a%40b.org&password=x&next=%2Fcases%2F\(id)", headers: Self.form)
            #expect(wrong.text.contains("name=\"next\" value=\"/cases/\(id)\""))
            let entered = try await Self.signIn(clinic, next: "%2Fcases%2F\(id)").answer
            #expect(entered.headers[.location] == "/cases/\(id)")
            // For a form's URL, its page is shown again.
            var headers = Self.form
            headers[.referer] = "http://localhost/cases/\(id)"
            let lost = try await clinic.call(.post, "/cases", "patientId=P", headers: headers)
            #expect(lost.headers[.location] == "/login?next=%2Fcases%2F\(id)")
            headers[.referer] = "http://evil.example/cases/\(id)"
            #expect(try await clinic.call(.post, "/cases", "x=y", headers: headers).headers[.location] == "/login")
        }
    }

    @Test(arguments: [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/cases", "/%2Fevil.example",
        "/%5Cevil.example", "/cases/..//evil.example", "/cases//evil.example", "/cases/%2e%2e/%2Fevil.example",
        "/cases\u{9}/x", "/\u{9}/evil.example", "cases", "", "/login", "/logout", "/api/users/profile/",
        "javascript:alert(1)", "/cases#//evil", "/casesx", "/.cases", "///cases", "/cases\r\nSet-Cookie: a=b",
        "/cases\\evil", "/cases/\\evil.example",
        "/c\u{61}ses\u{2028}", "http:/cases", "/cases/\u{FF0F}evil", "@evil.example/cases",
    ]) func nothingLeadsElsewhere(_ text: String) async throws {
        #expect(ReturnPath.safe(text) == nil)
    }

    @Test func anOpenRedirectIsNone() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            _ = try await clinic.signUp()
            for next in ["%2F%2Fevil.example", "%2F%5Cevil.example", "%252F%252Fevil.example", "https%3A%2F%2Fevil"] {
                let entered = try await Self.signIn(clinic, next: next).answer
                #expect(entered.headers[.location] == "/cases", "\(next)")
                #expect(try await !clinic.call(.get, "/login?next=\(next)").text.contains("evil"))
            }
            for path in ["/cases", "/admin/", "/admin/users?search=a%20b", "/account", "/password", "/cases/x?page=2"] {
                #expect(ReturnPath.safe(path) == path)
            }
        }
    }

    @Test func failuresArePagesForBrowsers() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            _ = try await clinic.signUp()
            let (access, refresh, _) = try await Self.signIn(clinic)
            func get(_ path: String, _ more: HTTPFields = Self.html) async throws -> Answer {
                try await clinic.call(.get, path, headers: Self.cookies(access, refresh, more))
            }
            func isPage(_ answer: Answer, _ heading: String) -> Bool {
                answer.headers[.contentType]?.hasPrefix("text/html") == true
                    && answer.text.contains("<h1>\(heading)</h1>") && answer.text.contains("href=\"/cases\"")
                    && answer.text.contains("/assets/site.css")
            }
            for path in ["/nowhere", "/cases/nonsense", "/assets/none.css", "/cases/\(CaseID())", "/a/b/c/d/e"] {
                let missing = try await get(path)
                #expect(missing.status == .notFound && isPage(missing, "Page not found"), "\(path)")
            }
            let closed = try await get("/admin/users")
            #expect(closed.status == .forbidden && isPage(closed, "Permission denied"))
            // API clients get the API's format, and so do API paths.
            #expect(try await get("/nowhere", [:]).headers[.contentType]?.hasPrefix("application/json") == true)
            #expect(try await get("/api/nowhere/").headers[.contentType]?.hasPrefix("application/json") == true)
            try await clinic.database.write { try $0.execute("ALTER TABLE case_counts RENAME TO case_counts_gone") }
            let broken = try await get("/cases")
            #expect(broken.status == .internalServerError && isPage(broken, "Something went wrong"))
            #expect(broken.text.contains("Request ID: ") && !broken.text.contains("case_counts"))
            var last: Answer?
            for _ in 0..<11 {
                last = try await clinic.call(
                    .post, "/login", "email=b%40clinic.org&password=x", headers: Self.form)
            }
            #expect(last?.status == .tooManyRequests && last?.text.contains("<h1>Sign in</h1>") == true)
            #expect(last?.headers[.retryAfter] != nil)
        }
    }

    @Test(arguments: TestDatabase.all) func anExpiredFileLeadsBackToItsCase(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let scope = try await clinic.services.sessions.authenticate(token, origin: RequestOrigin()).scope
            let item = try #require(CaseID(id))
            let image = try #require(try await clinic.services.images.list(scope, case: item).first)
            let past = FilesService(
                database: clinic.database, blobs: clinic.blobs, audit: clinic.services.audit,
                signer: FileGrantSigner(secret: WebFixture.secret), lifetime: .seconds(-60))
            let address = past.path(scope, image)
            let (access, refresh, _) = try await Self.signIn(clinic)
            let late = try await clinic.call(.get, address, headers: Self.cookies(access, refresh, Self.html))
            #expect(late.status == .forbidden && late.text.contains("href=\"/cases/\(id)\">Back to the case"))
            // Users who may not see the case learn nothing about it, and viewers get the API's format.
            let stranger = try await clinic.call(.get, address, headers: Self.html)
            #expect(stranger.text.contains("href=\"/cases\"") && !stranger.text.contains(id))
            let eve = try await clinic.signUp("eve@clinic.org")
            let other = try await clinic.call(.get, address, headers: Self.cookies(eve, nil, Self.html))
            #expect(!other.text.contains(id))
            #expect(try await clinic.call(.get, address)["code"] == "forbidden")
        }
    }

    @Test func theWorklistKeepsWhatWasTyped() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            _ = try await clinic.signUp()
            let (access, refresh, _) = try await Self.signIn(clinic)
            let refused = try await clinic.call(
                .post, "/cases", "patientId=PAT-%227&age=sixty&sex=O&indication=First+seizure",
                headers: Self.cookies(access, refresh, Self.form))
            #expect(refused.status == .badRequest)
            for part in [
                "name=\"patientId\" value=\"PAT-&quot;7\"", "value=\"sixty\"", "<option value=\"O\" selected>",
                "name=\"indication\" value=\"First seizure\"",
            ] { #expect(refused.text.contains(part), "\(part)") }
        }
    }

    @Test func theSignInKeepsTheAddress() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let sent = "email=zoe%40clinic.org&password=wrong+horse"
            let refused = try await clinic.call(.post, "/login", sent, headers: Self.form)
            #expect(refused.status == .unauthorized)
            #expect(refused.text.contains("type=\"email\" autocomplete=\"username\" value=\"zoe@clinic.org\""))
            #expect(!refused.text.contains("wrong horse"))
        }
    }

    @Test(arguments: TestDatabase.all) func whatIsNotAllowedIsNotOffered(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let owner = try await clinic.signUp()
            let id = try await clinic.makeFinishedCase(owner)
            let tokens = [
                "reader": try await clinic.signUp("reader@clinic.org"),
                "writer": try await clinic.signUp("writer@clinic.org"),
                "researcher": try await clinic.signUp("res@clinic.org", role: "researcher"),
                "owner": owner, "radiologist": try await clinic.signUp("rad@clinic.org", role: "radiologist"),
            ]
            for (name, access) in [("reader", "read"), ("writer", "write")] {
                let form = "{\"email\": \"\(name)@clinic.org\", \"access\": \"\(access)\"}"
                #expect(try await clinic.call(.post, "/api/cases/\(id)/shares/", form, as: owner).status == .created)
            }
            for (name, token) in tokens {
                let page = try await clinic.call(.get, "/cases/\(id)", as: token)
                #expect(page.status == .ok)
                AdminPages.check(page.text, name)
                let mayWrite = !["reader", "researcher"].contains(name)
                #expect(page.text.contains("class=\"upload\"") == mayWrite, "\(name)")
                #expect(page.text.contains("id=\"start\"") == mayWrite, "\(name)")
                let list = try await clinic.call(.get, "/cases", as: token).text
                #expect(list.contains("<h2>New case</h2>") == (name != "researcher"), "\(name)")
                #expect(!list.contains("href=\"/admin/\""))
            }
            // A running one can be cancelled by users who may start it.
            let start = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: owner)
            #expect(start.status == .accepted)
            for name in ["reader", "writer"] {
                let page = try await clinic.call(.get, "/cases/\(id)", as: tokens[name]).text
                #expect(page.contains("data-active=\"true\"") && page.contains("id=\"cancel\"") == (name == "writer"))
            }
        }
    }
}
