import Features
import Foundation
import HTTPTypes
import TestSupport
import Testing

struct PageRoutesTests {
    private static let form: HTTPFields = [
        .contentType: "application/x-www-form-urlencoded", .origin: "http://localhost",
    ]

    private func signIn(_ clinic: WebFixture) async throws -> HTTPFields {
        _ = try await clinic.signUp()
        let answer = try await clinic.call(
            .post, "/login", "email=ada%40clinic.org&password=correct+horse", headers: Self.form)
        #expect(answer.status == .seeOther && answer.headers[.location] == "/cases")
        let cookies = answer.headers[values: .setCookie]
        #expect(cookies.allSatisfy { $0.contains("HttpOnly") && $0.contains("SameSite=Strict") })
        let access = try #require(cookies.first { $0.hasPrefix("neuroai_access=") })
        return [.cookie: String(access.prefix { $0 != ";" })]
    }

    @Test func strangersAreSentToTheForm() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            #expect(try await clinic.call(.get, "/cases").headers[.location] == "/login")
            #expect(try await clinic.call(.get, "/login").text.contains("<h1>Sign in</h1>"))
            #expect(try await !clinic.call(.get, "/login").text.contains("/login/oidc"), "no provider is configured")
            #expect(try await clinic.call(.get, "/login/oidc").status == .notFound)
            let wrong = try await clinic.call(.post, "/login", "email=a%40b.org&password=x", headers: Self.form)
            #expect(wrong.status == .unauthorized && wrong.text.contains("Incorrect email, password or code."))
            #expect(
                try await clinic.call(.get, "/assets/case.js").headers[.contentType]?.contains("javascript") == true)
            #expect(try await clinic.call(.get, "/assets/..%2Fsecret-key").status == .notFound)
        }
    }

    @Test func aCaseIsMadeAndItsResultShown() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let cookie = try await signIn(clinic)
            var headers = cookie
            headers.append(contentsOf: Self.form)
            let made = try await clinic.call(
                .post, "/cases", "patientId=%3Cscript%3E1&age=61&sex=F", headers: headers)
            let path = try #require(made.headers[.location])
            let list = try await clinic.call(.get, "/cases", headers: cookie)
            #expect(list.text.contains("&lt;script&gt;1") && !list.text.contains("<script>1"))
            let id = try #require(path.split(separator: "/").last.map(String.init))
            let token = try #require(cookie[.cookie]?.split(separator: "=").last.map(String.init))
            #expect(try await clinic.upload(HeadPhantom.nifti(), "t1ce", to: id, as: token).status == .created)
            let start = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            #expect(start.status == .accepted)
            let running = try await clinic.call(.get, path, headers: cookie)
            #expect(
                running.text.contains("data-active=\"true\"")
                    && running.text.contains("80\u{A0}×\u{A0}96\u{A0}×\u{A0}72 · "))
            try await clinic.work()
            let done = try await clinic.call(.get, path, headers: cookie)
            #expect(done.text.contains("</span> 61\u{A0}years, female. Created <span class=\"time\">"))
            #expect(done.text.contains(">12.3<") && done.text.contains("Report draft"))
            let link = try #require(done.text.firstMatch(of: /href="(\/api\/reports\/[^"]*)"/))
            let pdf = try await clinic.call(.get, String(link.output.1), headers: cookie)
            #expect(pdf.headers[.contentType] == "application/pdf")
            #expect(done.text.contains("<img src=\"/api/files/result/"))
            let bad = try await clinic.call(.post, "/cases", "patientId=&age=x&sex=F", headers: headers)
            #expect(bad.status == .badRequest && bad.text.contains("class=\"error\""))
        }
    }

    @Test func whoeverIsSignedInChangesTheOwnPassword() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            #expect(try await clinic.call(.get, "/password").headers[.location] == "/login?next=%2Fpassword")
            let cookie = try await signIn(clinic)
            #expect(try await clinic.call(.get, "/account", headers: cookie).text.contains("href=\"/password\""))
            let form = try await clinic.call(.get, "/password", headers: cookie)
            #expect(form.status == .ok && form.text.contains("autocomplete=\"current-password\""))
            var headers = cookie
            headers.append(contentsOf: Self.form)
            func change(_ current: String, _ new: String, _ again: String) async throws -> Answer {
                try await clinic.call(
                    .post, "/password", "currentPassword=\(current)&newPassword=\(new)&confirmPassword=\(again)",
                    headers: headers)
            }
            for (current, new, again, sentence) in [
                ("wrong", "battery+staple", "battery+staple", "Incorrect current password"),
                ("correct+horse", "battery+staple", "x", "do not match"), ("correct+horse", "no", "no", "8 to 128"),
            ] {
                let refused = try await change(current, new, again)
                #expect(refused.status == .badRequest && refused.text.contains(sentence), "\(sentence)")
                #expect(!refused.text.contains("battery"))
            }
            let login = { (password: String) in
                try await clinic.call(
                    .post, "/api/users/login/", "{\"email\": \"ada@clinic.org\", \"password\": \"\(password)\"}")
            }
            let other = try #require(try await login("correct horse")["access"])
            let done = try await change("correct+horse", "battery+staple", "battery+staple")
            #expect(done.status == .seeOther && done.headers[.location] == "/password?done=changed")
            let after = try await clinic.call(.get, "/password?done=changed", headers: cookie)
            #expect(after.text.contains("Password changed."))
            #expect(try await clinic.call(.get, "/api/users/profile/", as: other).status == .unauthorized)
            #expect(try await login("correct horse").status == .unauthorized)
            #expect(try await login("battery staple").status == .ok)
            #expect(try await clinic.entries("user.change_password") == 1)
            headers[.origin] = "http://evil.example"
            #expect(try await change("battery+staple", "x", "x").headers[.location] == "/login")
        }
    }

    @Test func anotherSitesFormDoesNothing() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            var headers = try await signIn(clinic)
            headers[.contentType] = "application/x-www-form-urlencoded"
            headers[.origin] = "http://evil.example"
            _ = try await clinic.call(.post, "/cases", "patientId=P&age=1&sex=F", headers: headers)
            let body = "{\"patientId\": \"P\", \"age\": 1, \"sex\": \"F\"}"
            #expect(try await clinic.call(.post, "/api/cases/", body, headers: headers).status == .unauthorized)
            #expect(try await clinic.rows("cases") == 0)
        }
    }

    @Test func thePasswordPageAsksForTheLengthThatIsSet() async throws {
        try await WebFixture.with(.sqlite, accounts: AccountSettings(passwords: PasswordRules(shortest: 12))) {
            clinic in
            let page = try await clinic.call(.get, "/password", as: clinic.signUp())
            #expect(page.status == .ok)
            #expect(page.text.components(separatedBy: "minlength=\"12\"").count == 3, "\(page.text)")
        }
    }
}
