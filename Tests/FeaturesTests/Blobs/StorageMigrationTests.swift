import Foundation
import Kernel
import Storage
import TestSupport
import Testing

@testable import Features

/// From one store to another, while files come and go.
@Suite struct StorageMigrationTests {
    private struct Interruption: Error {}

    @Test(arguments: TestDatabase.all, [(TestBlobs.Kind.disk, TestBlobs.Kind.failingBucket), (.failingBucket, .disk)])
    func everyFileIsCopiedOnce(
        _ kind: TestDatabase, _ stores: (source: TestBlobs.Kind, target: TestBlobs.Kind)
    ) async throws {
        try await FeaturesFixture.with(kind, on: stores.source) { clinic in
            try await TestBlobs.with(stores.target) { other in
                let doctor = try await clinic.signIn(.doctor)
                let item = try await clinic.makeCase(doctor)
                let first = try await clinic.add(doctor, item, .t1, "image 1")
                let service = StorageMigrationService(
                    database: clinic.database, from: clinic.blobs, to: other.store)
                let copy = try await service.run()
                #expect(copy.copied == 1 && copy.copiedBytes == 7 && copy.present == 0 && copy.isComplete)

                let second = try await clinic.add(doctor, item, .t2, "image 2")
                // An interrupted copy has left a file that was never committed.
                let writer = try await other.store.stage(second.blob, limit: 100)
                try await writer.append(Data("half".utf8))
                _ = try await writer.finish()
                let rest = try await service.run(verifiesPresent: true)
                #expect(rest.copied == 1 && rest.present == 1 && rest.isComplete)
                for (image, text) in [(first, "image 1"), (second, "image 2")] {
                    #expect(try await other.store.bytes(image.blob) == Data(text.utf8))
                    #expect(try await clinic.blobs.bytes(image.blob) == Data(text.utf8))
                }
            }
        }
    }

    @Test func damagedAndMissingFilesAreNotCopied() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            try await TestBlobs.with(.bucket) { other in
                let doctor = try await clinic.signIn(.doctor)
                let item = try await clinic.makeCase(doctor)
                let damaged = try await clinic.add(doctor, item, .t1, "image 1")
                let missing = try await clinic.add(doctor, item, .t2, "image 2")
                for image in [damaged, missing] { try await clinic.blobs.delete(image.blob) }
                let writer = try await clinic.blobs.stage(damaged.blob, limit: 100)
                try await writer.append(Data("IMAGE 1".utf8))
                try await clinic.blobs.commit(try await writer.finish())
                let report = try await StorageMigrationService(
                    database: clinic.database, from: clinic.blobs, to: other.store
                ).run()
                #expect(report.damaged == 1 && report.missing == 1 && report.copied == 0 && !report.isComplete)
                #expect(try await other.everything().isEmpty)
            }
        }
    }
}
