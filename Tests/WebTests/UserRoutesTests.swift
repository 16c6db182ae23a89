import Foundation
import HTTPTypes
import TestSupport
import Testing

struct UserRoutesTests {
    @Test(arguments: TestDatabase.all) func registersSignsInRefreshesAndSignsOut(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let registered = try await clinic.call(
                .post, "/api/users/register", WebFixture.registration("ada@clinic.org"))
            #expect(registered.status == .created)
            let user = try #require(registered.object["user"] as? [String: Any])
            #expect(user["firstName"] as? String == "Ada" && user["username"] as? String == "ada")
            #expect(registered["message"] != nil)

            let credentials = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            let session = try await clinic.call(.post, "/api/users/login/", credentials)
            let access = try #require(session["access"])
            let refresh = try #require(session["refresh"])
            #expect(try await clinic.call(.get, "/api/users/profile/", as: access)["email"] == "ada@clinic.org")

            let next = try await clinic.call(.post, "/api/users/refresh/", "{\"refresh\": \"\(refresh)\"}")
            #expect(next.status == .ok && next["access"] != nil && next["refresh"] != nil)
            let out = try await clinic.call(.post, "/api/users/logout/", "{\"refresh\": \"\(refresh)\"}", as: access)
            #expect(out.status == .ok)
            #expect(try await clinic.call(.get, "/api/users/profile/", as: access).status == .unauthorized)
        }
    }

    @Test func refusalsHaveTheContractsForm() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let admin = try await clinic.call(
                .post, "/api/users/register/", WebFixture.registration("eve@clinic.org", role: "admin"))
            #expect(admin.status == .badRequest)
            #expect((admin.object["role"] as? [String])?.count == 1)
            #expect(admin.object["error"] == nil && admin.object["message"] == nil)

            let wrong = try await clinic.call(
                .post, "/api/users/login/", "{\"email\": \"nobody@clinic.org\", \"password\": \"x\"}")
            #expect(wrong.status == .unauthorized && wrong["error"] == "Invalid credentials")
            let broken = try await clinic.call(.post, "/api/users/login/", "{")
            #expect(broken.status == .badRequest && broken.object["non_field_errors"] != nil)
            let anonymous = try await clinic.call(.get, "/api/users/profile/")
            #expect(anonymous.status == .unauthorized && anonymous["code"] == "unauthenticated")
            #expect(try await clinic.call(.get, "/api/nowhere/")["code"] == "not_found")
            let doctor = try await clinic.signUp()
            #expect(try await clinic.call(.get, "/api/users/users/", as: doctor).status == .forbidden)
        }
    }

    @Test func changesTheProfileInEitherSpelling() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let body = "{\"first_name\": \"Grace\", \"phoneNumber\": \"1\"}"
            let changed = try await clinic.call(.patch, "/api/users/profile/update/", body, as: token)
            let user = try #require(changed.object["user"] as? [String: Any])
            #expect(user["firstName"] as? String == "Grace" && user["phoneNumber"] as? String == "1")
        }
    }

    @Test func namesTheRequestAndAllowsOnlyKnownOrigins() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let known = try await clinic.call(
                .get, "/api/users/profile/", headers: [.origin: "http://localhost:5173", .init("X-Request-ID")!: "a-1"])
            #expect(known.status == .unauthorized)
            #expect(known.headers[.accessControlAllowOrigin] == "http://localhost:5173")
            #expect(known.headers[.init("X-Request-ID")!] == "a-1")
            let other = try await clinic.call(
                .get, "/api/health/", headers: [.origin: "http://evil.example", .init("X-Request-ID")!: "a b"])
            #expect(other.headers[.accessControlAllowOrigin] == nil)
            #expect(other.headers[.init("X-Request-ID")!] != "a b")
            let preflight = try await clinic.call(
                .options, "/api/cases/", headers: [.origin: "http://localhost:3000"])
            #expect(preflight.status == .noContent)
        }
    }
}
