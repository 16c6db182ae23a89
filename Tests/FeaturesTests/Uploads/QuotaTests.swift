import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct QuotaTests {
    private static func limit(_ clinic: FeaturesFixture, _ bytes: Int64) async throws {
        try await clinic.database.write {
            try $0.execute("UPDATE institutions SET quota_bytes = \(bytes) WHERE id = \(InstitutionID.default.string)")
        }
    }

    @Test(arguments: TestDatabase.all) func uploadsStayWithinTheQuota(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            try await Self.limit(clinic, 20)
            _ = try await clinic.add(doctor, item, .t1, "image 0001")
            #expect(try await clinic.storedBytes() == 10)
            await #expect { try await clinic.add(doctor, item, .t2, "image 00002") } throws: {
                isAppError($0, .quotaExceeded)
            }
            #expect(try await clinic.storedFiles().count == 1)
            // Replacing a file needs only the difference.
            _ = try await clinic.add(doctor, item, .t1, "image 00000000000001")
            #expect(try await clinic.storedBytes() == 20)
            await #expect {
                try await clinic.images.checkUpload(doctor.scope, case: item.id, size: 1)
            } throws: {
                isAppError($0, .quotaExceeded)
            }
            let abroad = try await clinic.signIn(.doctor, institution: try await clinic.makeInstitution())
            _ = try await clinic.add(abroad, try await clinic.makeCase(abroad), .t1, "image of another institution")
        }
    }

    @Test(arguments: TestDatabase.all) func manyUploadsAtOnceDoNotPassIt(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            try await Self.limit(clinic, 30)
            var cases: [Case] = []
            for _ in 0..<8 { cases.append(try await clinic.makeCase(doctor)) }
            await withTaskGroup(of: Void.self) { group in
                for item in cases {
                    group.addTask { _ = try? await clinic.add(doctor, item, .t1, "image 0001") }
                }
            }
            #expect(try await clinic.storedBytes() == 30)
            #expect(try await clinic.count("series") == 3)
            #expect(try await clinic.storedFiles().count == 3)
        }
    }

    @Test(arguments: TestDatabase.all) func roomIsPromisedToUploadsInParts(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            try await Self.limit(clinic, 100)
            func begin() async throws -> CaseUpload {
                try await clinic.uploads.create(
                    doctor.scope, case: item.id, modality: .t1, filename: "x", size: 60)
            }
            let first = try await begin()
            await #expect { try await begin() } throws: { isAppError($0, .quotaExceeded) }
            try await clinic.uploads.delete(doctor.scope, first.id, case: item.id)
            _ = try await begin()
        }
    }
}
