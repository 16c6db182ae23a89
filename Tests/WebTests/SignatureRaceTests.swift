import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Signatures concurrent with other changes of the same report.
struct SignatureRaceTests {
    private typealias Finished = ReportRoutesTests.Finished

    /// A doctor edits while a radiologist signs: in any order, the signed text is the one she was shown.
    @Test(arguments: TestDatabase.all) func nothingUnseenIsSignedInARace(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            var signatures = 0
            for round in 0..<15 {
                let made = try await clinic.call(.post, "/api/reports/generate/\(ward.caseID)/", as: ward.doctor)
                let path = "/api/reports/\(try #require(made["reportId"]))/"
                let seen = try await clinic.call(.get, path, as: ward.radiologist)["aiGeneratedText"]
                async let edit = clinic.call(
                    .patch, path + "update/", "{\"finalizedText\": \"Unseen \(round).\"}", as: ward.doctor)
                async let sign = clinic.call(
                    .patch, path + "update/", #"{"status": "finalized"}"#, as: ward.radiologist)
                let (edited, signed) = (try await edit, try await sign)
                #expect([.ok, .conflict].contains(edited.status) && [.ok, .conflict].contains(signed.status))
                #expect([edited, signed].contains { $0.status == .ok })
                let end = try await clinic.call(.get, path, as: ward.doctor)
                #expect((end["status"] == "finalized") == (signed.status == .ok))
                if signed.status == .ok {
                    signatures += 1
                    #expect(end["finalizedText"] == seen)
                } else {
                    #expect(end["finalizedText"] == "Unseen \(round)." && end["status"] == "draft")
                }
            }
            print("signed in \(signatures) of 15 races on \(kind)")
        }
    }

    /// An administrator deletes a draft while it is signed: one of them succeeds, and the other gets an error.
    @Test(arguments: TestDatabase.all) func aSignatureAndADeletionDoNotMeet(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            let token = try await clinic.signUpAdmin()
            let sessions = clinic.services.sessions
            let admin = try await sessions.authenticate(token, origin: RequestOrigin()).scope
            let radiologist = try await sessions.authenticate(ward.radiologist, origin: RequestOrigin()).scope
            let item = try #require(CaseID(ward.caseID))
            for _ in 0..<10 {
                let reports = clinic.services.reports
                let id = try await reports.generate(radiologist, case: item).id
                async let deletion = Self.outcome { try await reports.delete(admin, id) }
                async let signature = Self.outcome {
                    _ = try await reports.update(radiologist, id, ReportForm(status: "finalized"))
                }
                let outcomes = (await deletion, await signature)
                let names = [outcomes.0?.rawValue, outcomes.1?.rawValue]
                #expect([[nil, "not_found"], ["conflict", nil]].contains(names), "\(names)")
            }
        }
    }

    /// Concurrent addenda are all added with distinct numbers.
    @Test(arguments: TestDatabase.all) func addendaAtOnceAreAllAdded(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            _ = try await ward.sign(clinic)
            let path = "/api/reports/\(ward.report)/addenda/"
            let form = #"{"text": "Compared with May.", "reason": "Prior study found"}"#
            for _ in 0..<5 {
                async let first = clinic.call(.post, path, form, as: ward.radiologist)
                async let second = clinic.call(.post, path, form, as: ward.radiologist)
                let answers = [try await first, try await second]
                #expect(answers.allSatisfy { $0.status == .created }, "\(answers.map(\.text))")
            }
            let list = try await clinic.call(.get, path, as: ward.doctor).list
            #expect(list.compactMap { $0["number"] as? Int } == Array(1...10))
        }
    }

    /// `nil` on success.
    private static func outcome(_ body: @Sendable () async throws -> Void) async -> AppError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return AppError.wrapping(error).code
        }
    }
}
