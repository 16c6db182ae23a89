import Foundation
import Kernel
import Storage
import TestSupport
import Testing

@testable import Features

/// Rows and files compared both ways.
@Suite struct StorageCheckTests {
    private static func check(
        _ clinic: FeaturesFixture, digests: Bool = false, later: Duration = .zero
    ) async throws -> StorageCheckService.Counts {
        try await StorageCheckService(database: clinic.database, blobs: clinic.blobs)
            .check(digests: digests, now: Timestamp.now.advanced(by: later))
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func everyDifferenceIsCounted(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let kept = try await clinic.add(doctor, item, .t1, "image 1")
            let lost = try await clinic.add(doctor, item, .t2, "image two")
            // Also before lists have caught up.
            let whole = try await Self.check(clinic, digests: true)
            #expect(whole.isValid && whole.rows == 2 && whole.files == 2 && whole.bytes == 16)
            #expect(whole.wrongDigest == 0 && whole.orphans == 0)

            try await clinic.blobs.delete(lost.blob)
            _ = try await clinic.blobs.put(Data("orphan".utf8))
            await clinic.stored.settle()
            let young = try await Self.check(clinic)
            #expect(young.missing == 1 && young.orphans == 0 && young.recent == 1 && !young.isValid)
            let old = try await Self.check(clinic, later: .seconds(2 * 86_400))
            #expect(old.orphans == 1 && old.orphanBytes == 6 && old.recent == 0)
            #expect(try #require(old.oldestOrphan) <= .now.advanced(by: .seconds(120)))
            #expect(old.wrongDigest == nil && old.wrongSize == 0)

            // The same bytes in number, then another number.
            for (text, report) in [("IMAGE 1", (size: 0, digest: 1)), ("image", (size: 1, digest: 1))] {
                try await clinic.blobs.delete(kept.blob)
                let writer = try await clinic.blobs.stage(kept.blob, limit: 100)
                try await writer.append(Data(text.utf8))
                try await clinic.blobs.commit(try await writer.finish())
                let damaged = try await Self.check(clinic, digests: true)
                #expect(damaged.wrongSize == report.size && damaged.wrongDigest == report.digest)
            }
        }
    }
}
