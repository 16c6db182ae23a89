import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct IdempotencyTests {
    private static let answer = StoredResponse(
        status: 201, contentType: "application/json", location: "/x/", entityTag: "\"1\"", body: Data("Smith".utf8))

    private static func request(_ key: String = "k-1", body: String = "{}") throws -> RepeatableRequest {
        try RepeatableRequest(key: key, method: "POST", address: "/api/cases/", body: Data(body.utf8))
    }

    private static func service(_ clinic: FeaturesFixture, secret: String = "secret") -> IdempotencyService {
        let clock = clinic.clock
        return IdempotencyService(database: clinic.database, secret: secret, clock: { clock.now })
    }

    private static func isWork(_ opening: IdempotencyService.Opening) -> Bool {
        if case .work = opening { return true }
        return false
    }

    @Test(arguments: TestDatabase.all) func theSameRequestIsAnsweredAlike(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let other = try await clinic.signIn(.doctor)
            let keys = Self.service(clinic)
            #expect(Self.isWork(try await keys.open(doctor.scope, Self.request())))
            await #expect { try await keys.open(doctor.scope, Self.request()) } throws: { isAppError($0, .conflict) }
            try await keys.finish(doctor.scope, Self.request(), Self.answer)
            for key in ["k-1", "\"k-1\""] {
                guard case .answered(let again) = try await keys.open(doctor.scope, Self.request(key)) else {
                    Issue.record("The answer was not kept.")
                    return
                }
                #expect(again == Self.answer)
            }
            await #expect { try await keys.open(doctor.scope, Self.request(body: "{\"a\": 1}")) } throws: {
                isAppError($0, .keyReused)
            }
            // Another user's key is a different key.
            #expect(Self.isWork(try await keys.open(other.scope, Self.request())))
            let rows = try await clinic.database.read { try $0.query("SELECT * FROM idempotency_keys") }
            #expect(!"\(rows)".contains("Smith") && !"\(rows)".contains("k-1"))
        }
    }

    @Test(arguments: TestDatabase.all) func aRefusedOrForgottenKeyIsFreeAgain(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let keys = Self.service(clinic)
            #expect(Self.isWork(try await keys.open(doctor.scope, Self.request())))
            try await keys.abandon(doctor.scope, Self.request())
            #expect(Self.isWork(try await keys.open(doctor.scope, Self.request())))
            // Interrupted: never repeated.
            clinic.clock.advance(by: .seconds(3600))
            await #expect { try await keys.open(doctor.scope, Self.request()) } throws: { isAppError($0, .conflict) }
            clinic.clock.advance(by: .seconds(86_400))
            #expect(Self.isWork(try await keys.open(doctor.scope, Self.request())))
            clinic.clock.advance(by: .seconds(90_000))
            try await keys.deleteExpired()
            #expect(try await clinic.count("idempotency_keys") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func ofManyAtOnceOneWorks(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let keys = Self.service(clinic)
            let workers = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do {
                            return Self.isWork(try await keys.open(doctor.scope, Self.request()))
                        } catch let error as AppError where error.code == .conflict {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(workers == 1)
        }
    }

    @Test(arguments: ["", " ", "ä", String(repeating: "k", count: 256)])
    func aKeyThatIsNoneIsRefused(_ key: String) {
        #expect { try Self.request(key) } throws: { isAppError($0, .validation, field: "Idempotency-Key") }
    }

    /// A client that retries is told to wait for as long as the first request may still be running.
    @Test(arguments: TestDatabase.all) func aRequestIsInProgressForTwoMinutes(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let keys = Self.service(clinic)
            _ = try await keys.open(doctor.scope, Self.request())
            for (seconds, words) in [(120, "is still in progress"), (1, "was interrupted")] {
                clinic.clock.advance(by: .seconds(seconds))
                let error = await #expect(throws: AppError.self) { try await keys.open(doctor.scope, Self.request()) }
                #expect(error?.message.contains(words) == true, "\(seconds)")
            }
        }
    }

    /// The same body sent to another path or with another method is a different request.
    @Test(arguments: TestDatabase.all) func aKeyBelongsToItsAddress(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let keys = Self.service(clinic)
            _ = try await keys.open(doctor.scope, Self.request())
            try await keys.finish(doctor.scope, Self.request(), Self.answer)
            for (method, address) in [("POST", "/api/reports/"), ("PUT", "/api/cases/")] {
                let other = try RepeatableRequest(key: "k-1", method: method, address: address, body: Data("{}".utf8))
                await #expect { try await keys.open(doctor.scope, other) } throws: { isAppError($0, .keyReused) }
            }
        }
    }

    /// A response about a report that the user may not see is not replayed, even if it names no case.
    @Test(arguments: TestDatabase.all) func anAnswerIsGivenAgainForWhatMayBeSeen(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let keys = Self.service(clinic)
            for name in ["caseId", "reportId"] {
                let body = Data("{\"\(name)\": \"\(CaseID())\"}".utf8)
                let objects = try AnsweredObjects(
                    StoredResponse(
                        status: 200, contentType: "application/json", location: nil, entityTag: nil, body: body))
                await #expect { try await keys.requireAccess(doctor.scope, .readCase, to: objects) } throws: {
                    isAppError($0, .notFound)
                }
            }
        }
    }
}
