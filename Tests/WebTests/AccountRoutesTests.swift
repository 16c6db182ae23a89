import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features

struct AccountRoutesTests {
    /// Changes the role of a newly registered user; it applies from the next request.
    private func promote(_ clinic: WebFixture, _ email: String, superuser: Bool = false) async throws {
        try await clinic.database.write {
            try $0.execute(
                "UPDATE users SET role = 'admin', is_superuser = \(superuser) WHERE email = \(email)")
        }
    }

    @Test func aSuperuserNamesTheInstitution() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let root = try await clinic.signUp("root@platform.org")
            try await promote(clinic, "root@platform.org", superuser: true)
            let made = try await clinic.call(.post, "/api/institutions/", "{\"name\": \"Charité\"}", as: root)
            #expect(made.status == .created)
            let id = try #require(made["id"])
            let there: HTTPFields = [.init("X-Institution")!: id]
            let invited = try await clinic.call(
                .post, "/api/users/invitations/", "{\"role\": \"admin\"}", as: root, headers: there)
            #expect(invited.status == .created && (invited["link"] ?? "").contains("/register?invitation="))
            let token = try #require(invited["token"])
            let form = WebFixture.registration("head@charite.org").replacing(
                "}", with: ", \"invitation\": \"\(token)\"}")
            let joined = try await clinic.call(.post, "/api/users/register/", form)
            #expect((joined.object["user"] as? [String: Any])?["role"] as? String == "admin")
            let head = try #require(joined["access"])
            let users = try await clinic.call(.get, "/api/users/users/", as: root, headers: there)
            #expect((users.object["users"] as? [Any])?.count == 1)
            // Others cannot act there, and invalid ids are not found.
            for (who, where_) in [(head, "00000000-0000-4000-8000-000000000001"), (root, "nonsense")] {
                let headers: HTTPFields = [.init("X-Institution")!: where_]
                #expect(try await clinic.call(.get, "/api/cases/", as: who, headers: headers).status == .notFound)
            }
            #expect(try await clinic.call(.get, "/api/institutions/", as: head).status == .forbidden)
            let renamed = try await clinic.call(
                .patch, "/api/institutions/\(id)/", "{\"name\": \"UKE\"}", as: root)
            #expect(renamed["name"] == "UKE")
            for body in ["{}", #"{"other": 1}"#] {
                let same = try await clinic.call(.patch, "/api/institutions/\(id)/", body, as: root)
                #expect(same.status == .ok && same["name"] == "UKE", "\(body): \(same.text)")
            }
            for body in [#"{"name": null}"#, #"{"name": " "}"#] {
                let blank = try await clinic.call(.patch, "/api/institutions/\(id)/", body, as: root)
                #expect(blank.status == .badRequest && blank.object["name"] != nil, "\(body): \(blank.text)")
            }
            #expect(try await clinic.call(.get, "/api/institutions/", as: root).list.count == 2)
        }
    }

    @Test func aCaseIsSharedAndTakenBack() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let owner = try await clinic.signUp()
            let colleague = try await clinic.signUp("eve@clinic.org")
            let id = try await clinic.makeUploadedCase(owner)
            let path = "/api/cases/\(id)/shares/"
            let share = try await clinic.call(.post, path, "{\"email\": \"eve@clinic.org\"}", as: owner)
            #expect(share.status == .created && share["access"] == "read")
            #expect(try await clinic.call(.get, "/api/cases/\(id)/images/", as: colleague).list.count == 1)
            let change = try await clinic.call(.patch, "/api/cases/\(id)/", "{}", as: colleague)
            #expect(change.status == .forbidden)
            let user = try #require(share["userId"])
            #expect(try await clinic.call(.get, path, as: owner).list.count == 1)
            #expect(try await clinic.call(.delete, path + "\(user)/", as: owner).status == .ok)
            #expect(try await clinic.call(.get, "/api/cases/\(id)/", as: colleague).status == .notFound)
        }
    }

    @Test func aUserEndsASession() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let login = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            let headers: HTTPFields = [.userAgent: "Phone\t1"]
            let other = try await clinic.call(.post, "/api/users/login/", login, headers: headers)
            let phone = try #require(other["access"])
            let list = try await clinic.call(.get, "/api/users/sessions/", as: token).list
            let found = try #require(list.first { $0["isCurrent"] as? Bool == false })
            #expect(found["userAgent"] as? String == "Phone1" && list.count == 2)
            let id = try #require(found["id"] as? String)
            #expect(try await clinic.call(.delete, "/api/users/sessions/\(id)/", as: token).status == .ok)
            #expect(try await clinic.call(.get, "/api/users/profile/", as: phone).status == .unauthorized)
            #expect(try await clinic.call(.get, "/api/users/profile/", as: token).status == .ok)
        }
    }

    @Test func aSignInWithASecondFactor() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let path = "/api/users/second-factor/"
            let refused = try await clinic.call(.post, path, "{}", as: token)
            #expect(refused.status == .badRequest && refused.object["password"] != nil)
            let password = "{\"password\": \"\(WebFixture.password)\"}"
            let enrolled = try await clinic.call(.post, path, password, as: token)
            #expect(enrolled.status == .created && (enrolled["uri"] ?? "").hasPrefix("otpauth://totp/"))
            let wrong = try await clinic.call(.post, path + "confirm/", "{\"code\": \"x\"}", as: token)
            #expect(wrong.status == .badRequest)
            let secret = try #require(enrolled["secret"])
            let code = OneTimeCodes(base32: secret).code(step: OneTimeCodes.step(at: .now))
            let confirmed = try await clinic.call(.post, path + "confirm/", "{\"code\": \"\(code)\"}", as: token)
            let recovery = try #require(confirmed.object["recoveryCodes"] as? [String])
            func login(_ more: String) async throws -> Answer {
                let json = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"\(more)}"
                return try await clinic.call(.post, "/api/users/login/", json)
            }
            let bare = try await login("")
            #expect(bare.status == .unauthorized && bare["code"] == "code_required")
            #expect(try await login(", \"otp\": \"\(recovery[0])\"").status == .ok)
            let status = try await clinic.call(.get, path, as: token)
            #expect(status.object["recoveryCodesLeft"] as? Int == 9)
            let disabled = try await clinic.call(
                .post, path + "disable/", "{\"password\": \"\(WebFixture.password)\"}", as: token)
            #expect(disabled.status == .ok)
            #expect(try await login("").status == .ok)
        }
    }

    @Test func anAdminWithoutASecondFactorMayOnlyEnrolOne() async throws {
        var sessions = SessionSettings()
        sessions.requiresAdminSecondFactor = true
        try await WebFixture.with(.sqlite, sessions: sessions) { clinic in
            let token = try await clinic.signUp("root@clinic.org")
            #expect(try await clinic.call(.get, "/api/users/profile/", as: token).status == .ok)
            try await promote(clinic, "root@clinic.org", superuser: true)
            _ = try await clinic.call(.post, "/api/users/logout/", "{}")
            // Twice: the second response comes from the cache.
            for path in ["/api/users/users/", "/api/users/profile/", "/api/users/sessions/", "/api/inference/models/"] {
                for _ in 0..<2 {
                    let refused = try await clinic.call(.get, path, as: token)
                    #expect(refused.status == .forbidden && refused["code"] == "second_factor_required", "\(path)")
                }
            }
            let path = "/api/users/second-factor/"
            #expect(try await clinic.call(.get, path, as: token).object["isRequired"] as? Bool == true)
            let password = "{\"password\": \"\(WebFixture.password)\"}"
            let secret = try #require(try await clinic.call(.post, path, password, as: token)["secret"])
            let code = OneTimeCodes(base32: secret).code(step: OneTimeCodes.step(at: .now))
            #expect(
                try await clinic.call(.post, path + "confirm/", "{\"code\": \"\(code)\"}", as: token).status == .ok)
            #expect(try await clinic.call(.get, "/api/users/users/", as: token).status == .ok)
        }
    }

    @Test func tooManyAttemptsSayWhenToComeBack() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            _ = try await clinic.signUp()
            var last: Answer?
            for _ in 0..<11 {
                last = try await clinic.call(
                    .post, "/api/users/login/", "{\"email\": \"ada@clinic.org\", \"password\": \"wrong\"}")
            }
            #expect(last?.status == .tooManyRequests && last?["code"] == "too_many_requests")
            #expect(last?.headers[.retryAfter].flatMap { Int($0) }.map { (1...90).contains($0) } == true)
        }
    }
}

extension OneTimeCodes {
    /// As parsed by an authenticator app.
    init(base32 text: String) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var bits = ""
        for letter in text {
            let value = alphabet.firstIndex(of: letter) ?? 0
            bits += String(repeating: "0", count: 5 - String(value, radix: 2).count) + String(value, radix: 2)
        }
        let bytes = stride(from: 0, to: bits.count - 7, by: 8).compactMap { start in
            UInt8(bits.dropFirst(start).prefix(8), radix: 2)
        }
        self.init(secret: Data(bytes))
    }
}
