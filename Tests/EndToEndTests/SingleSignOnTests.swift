import Basics
import Foundation
import TestSupport
import Testing

/// Sign-in through a genuine OpenID provider, with the built program and a browser.
@Suite(.serialized) struct SingleSignOnTests {
    private static let ada: JSONValue = [
        "email": "ada@hospital.org", "email_verified": true, "given_name": "Ada", "family_name": "Lovelace",
        "realm_access": ["roles": ["offline_access", "neuro"]],
    ]

    /// A server, its provider and a user of it.
    private struct Hospital: Sendable {
        let site: ServerFixture
        let provider: OpenIDProviderProcess
        let browser = RedirectBrowser()

        var base: String { "http://127.0.0.1:\(site.port)" }

        func get(_ path: String) async throws -> RedirectBrowser.Answer { try await browser.send("GET", base + path) }

        func post(_ path: String, _ body: String = "") async throws -> RedirectBrowser.Answer {
            try await browser.send("POST", base + path, body: body)
        }

        /// From the button on the sign-in page through the provider's form to the response to the callback.
        func signIn(_ name: String = "ada", next: String? = nil) async throws -> RedirectBrowser.Answer {
            try await browser.follow(try await authorized(name, next: next))
        }

        /// The same up to the provider's redirect to the callback.
        func authorized(_ name: String = "ada", next: String? = nil) async throws -> RedirectBrowser.Answer {
            let form = try await get("/login" + (next.map { "?next=\($0)" } ?? ""))
            let link = try #require(form.text.firstMatch(of: /href="(\/login\/oidc[^"]*)"/)?.output.1)
            #expect(form.text.contains("Sign in with Hospital"))
            let start = try await get(String(link))
            #expect(start["location"]?.hasPrefix("\(provider.issuer)/authorize/?response_type=code&") == true)
            var answer = try await browser.follow(start)
            if answer["location"]?.contains("/accounts/login/") == true {
                let page = try await browser.follow(answer)
                let token = try #require(page.text.firstMatch(of: /csrfmiddlewaretoken" value="([^"]*)"/)?.output.1)
                let signedIn = try await browser.send(
                    "POST", page.url.absoluteString,
                    body: "csrfmiddlewaretoken=\(token)&username=\(name)&password=p")
                answer = try await browser.follow(signedIn)
            }
            #expect(answer["location"]?.hasPrefix("\(base)/login/oidc/callback?") == true, "\(answer)")
            return answer
        }
    }

    private static func with(
        _ settings: [String: String] = [:], _ body: @Sendable (Hospital) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let port = try FreePort.findForRestarts()
            let publicURL = "http://127.0.0.1:\(port)"
            let provider = try await OpenIDProviderProcess(publicURL: publicURL, in: folder)
            let secret = folder.appendingPathComponent("client-secret")
            try Data((OpenIDProviderProcess.clientSecret + "\n").utf8).write(to: secret)
            let usual = [
                "PORT": "\(port)", "PUBLIC_URL": publicURL, "OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": "neuroai",
                "OIDC_CLIENT_SECRET_FILE": secret.path, "OIDC_PROVIDER_NAME": "Hospital",
                "OIDC_ROLE_CLAIM": "realm_access.roles", "OIDC_ROLE_MAP": "neuro=radiologist",
                "OIDC_REGISTRATION": "open",
            ]
            let site = try await ServerFixture.open(
                in: folder, arguments: ["serve", "--without-worker", "--without-beat"], port: Int(port),
                environment: usual.merging(settings) { $1 })
            try await provider.put("ada", ada)
            try await body(Hospital(site: site, provider: provider))
            await site.close()
        }
    }

    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func signsInAndOut() async throws {
        try await Self.with { hospital in
            let (browser, site) = (hospital.browser, hospital.site)
            let entered = try await hospital.signIn(next: "%2Faccount")
            #expect(entered.status == 200, "\(entered.text)\(site.said)")
            #expect(entered.text.contains(#"content="0; url=/account""#))
            for name in ["neuroai_access", "neuroai_refresh"] {
                let cookie = entered.all("set-cookie").first { $0.hasPrefix("\(name)=") }
                #expect(cookie?.contains("SameSite=Strict") == true && cookie?.contains("HttpOnly") == true)
            }
            #expect(browser.cookies(of: site.port)["neuroai_oidc"] == nil)
            let account = try await browser.follow(entered)
            #expect(account.text.contains("Ada Lovelace, ada@hospital.org, radiologist"))
            #expect(account.text.contains("managed by your identity provider"))
            #expect(!account.text.contains("type=\"password\""))
            #expect(try await hospital.get("/password").text.contains("Change your password at your identity provider"))
            let token = try #require(browser.cookies(of: site.port)["neuroai_access"])
            #expect(try await site.call("GET", "/api/cases/", as: token).status == 200)

            // Out, here and there: the next sign-in asks for the password again.
            let out = try await hospital.post("/logout")
            #expect(out.status == 200 && out.text.contains("sign out of Hospital"))
            #expect(try await site.call("GET", "/api/cases/", as: token).status == 401)
            let ended = try await browser.follow(out)
            #expect(ended["location"] == "\(hospital.base)/login", "\(ended)")
            #expect(browser.cookies(of: Int(hospital.provider.port))["provider_session"].map(\.isEmpty) ?? true)

            // Neither logs nor addresses have what signs somebody in.
            #expect(await eventually { site.said.contains("route=/logout") })
            let lines = site.said + site.text("logs/app.log")
            for secret in ["ada@hospital.org", "eyJ", OpenIDProviderProcess.clientSecret, "code="] {
                #expect(!lines.contains(secret), "\(secret)")
            }
        }
    }

    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func refusesWhatTheBrowserDidNotStart() async throws {
        try await Self.with { hospital in
            let (browser, site) = (hospital.browser, hospital.site)
            // Another site cannot choose the page to continue to.
            for next in ["https:%2F%2Fevil.example", "%2F%2Fevil.example", "%2Flogin"] {
                let entered = try await hospital.signIn(next: next)
                #expect(entered.text.contains(#"content="0; url=/cases""#), "\(next)")
            }
            // A response without the cookie of its start, as when somebody else's link is opened (login CSRF).
            let foreign = try await hospital.authorized()
            browser.setCookie("neuroai_oidc", nil, of: site.port)
            let refused = try await browser.follow(foreign)
            #expect(refused.status == 401 && refused.text.contains("has expired or was started in another browser"))
            #expect(refused.all("set-cookie").allSatisfy { !$0.hasPrefix("neuroai_access") })
            // A code that has been used.
            let first = try await hospital.authorized()
            let cookie = try #require(browser.cookies(of: site.port)["neuroai_oidc"])
            #expect(try await browser.follow(first).status == 200)
            browser.setCookie("neuroai_oidc", cookie, of: site.port)
            let again = try await browser.follow(first)
            #expect(again.status == 401 && again.text.contains("(code_rejected)"), "\(again.text)")
            let denied = try await hospital.get("/login/oidc/callback?error=access_denied&state=x")
            #expect(denied.status == 401 && !denied.text.contains("access_denied"))
        }
    }

    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func followsTheProvidersClaims() async throws {
        try await Self.with(["OIDC_ROLE_MAP": "neuro-admins=admin,neuro=radiologist"]) { hospital in
            guard case .object(var claims) = Self.ada else { return }
            try await hospital.provider.put("ada", .object(claims), isInUserInfo: true)
            let entered = try await hospital.signIn()
            #expect(entered.status == 200, "\(entered.text)\(hospital.site.said)")
            claims["realm_access"] = ["roles": ["neuro-admins"]]
            try await hospital.provider.put("ada", .object(claims))
            #expect(try await hospital.signIn().status == 200)
            #expect(try await hospital.get("/account").text.contains("ada@hospital.org, admin"))
            claims["realm_access"] = ["roles": []]
            try await hospital.provider.put("ada", .object(claims))
            let refused = try await hospital.signIn()
            #expect(refused.status == 403 && refused.text.contains("Your account at Hospital has no role for NeuroAI"))
            #expect(try await hospital.get("/account")["location"] == "/login?next=%2Faccount", "the session has ended")
        }
    }

    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func tellsWhatIsWrongWithTheProvider() async throws {
        try await Self.with(["OIDC_CLIENT_SECRET_FILE": "", "OIDC_CLIENT_SECRET": "wrong"]) { hospital in
            let refused = try await hospital.signIn()
            #expect(refused.status == 503 && refused.text.contains("(client_rejected)"), "\(refused.text)")
            hospital.provider.stop()
            let authorized = try await hospital.get("/login/oidc")
            // The discovery document is still known; the provider's own page is what fails.
            #expect(authorized.status == 303)
            #expect(await eventually { hospital.site.said.contains("reason=client_rejected") }, "\(hospital.site.said)")
        }
    }
}
