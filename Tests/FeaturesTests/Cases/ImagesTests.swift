import Basics
import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct ImagesTests {
    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func anUploadIsKeptAndNamed(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let image = try await clinic.add(doctor, item, .flair, "image 1", name: "C:\\scans\\..\\flair\u{7}.nii.gz")
            #expect(image.originalFilename == "flair.nii.gz")
            #expect(image.fileSize == 7)
            #expect(image.dimensions == [240, 240, 155])
            #expect(image.spacing == [1, 1, 1.5])
            _ = try await clinic.add(doctor, item, .t1, "image 2")
            let images = try await clinic.images.list(doctor.scope, case: item.id)
            #expect(images.map(\.modality) == [.t1, .flair])
            #expect(images.last == image)
            #expect(try await clinic.cases.get(doctor.scope, item.id).status == .uploaded)
            #expect(try await clinic.blobs.bytes(image.blob) == Data("image 1".utf8))
            #expect(try await clinic.actions().filter { $0 == "image.upload" }.count == 2)
        }
    }

    @Test(arguments: TestDatabase.all) func theSameSequenceAgainReplaces(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            _ = try await clinic.add(doctor, item, .t1, "image 1")
            let second = try await clinic.add(doctor, item, .t1, "image 2")
            let third = try await clinic.add(doctor, item, .t1, "image 2")
            #expect(third.id != second.id)
            #expect(try await clinic.images.list(doctor.scope, case: item.id) == [third])
            #expect(try await clinic.storedFiles() == [third.blob])
            #expect(try await clinic.count("blobs") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func oneImageIsNotTwoSequences(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let first = try await clinic.add(doctor, item, .t1, "image 1")
            await #expect { try await clinic.add(doctor, item, .t2, "image 1") } throws: {
                isAppError($0, .validation, field: "file")
            }
            #expect(try await clinic.images.list(doctor.scope, case: item.id) == [first])
            #expect(try await clinic.storedFiles() == [first.blob])
            // Another case may have the same image.
            _ = try await clinic.add(doctor, try await clinic.makeCase(doctor), .t2, "image 1")
        }
    }

    @Test(arguments: TestDatabase.all) func aRefusedFileLeavesNothing(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let error = await #expect(throws: AppError.self) {
                try await clinic.add(doctor, item, .t1, "text", name: "Jane_Doe.nii.gz")
            }
            #expect(error?.fields["file"] == ["The file is not a NIfTI image."])
            #expect(error.map { "\($0)" }?.contains("Jane") == false)
            await #expect(throws: AppError.self) {
                let unknown = CaseID()
                _ = try await clinic.images.add(
                    doctor.scope, case: unknown, modality: .t1, filename: "x",
                    file: ReceivedFile(staged: try await clinic.stage("image")))
            }
            #expect(try await clinic.storedFiles().isEmpty)
            #expect(try await clinic.count("series") == 0)
            #expect(try await clinic.count("blobs") == 0)
            #expect(try await clinic.cases.get(doctor.scope, item.id).status == .created)
        }
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func theSweeperTakesOnlyOldOrphans(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let image = try await clinic.add(doctor, try await clinic.makeCase(doctor), .t1, "image 1")
            let orphan = try await clinic.blobs.put(Data("orphan".utf8))
            let staged = try await clinic.stage("left by a crash")
            let sweeper = BlobSweepService(database: clinic.database, blobs: clinic.blobs)
            #expect(try await sweeper.sweep(olderThan: .seconds(3600)) == 0)
            #expect(try await clinic.storedFiles() == [image.blob, orphan.key, staged.key])
            let later = Timestamp.now.advanced(by: .seconds(7200))
            #expect(try await sweeper.sweep(olderThan: .seconds(3600), now: later) == 2)
            #expect(try await clinic.storedFiles() == [image.blob])
        }
    }

    /// The connection broke after the COMMIT: the row exists, so the file must be kept.
    @Test(arguments: TestDatabase.all) func aLostAnswerToTheCommitLosesNoFile(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let images = ImagesService(
                database: AnswerlessDatabase(base: clinic.database), blobs: clinic.blobs, audit: clinic.audit,
                contents: .all,
                inspector: SeriesInspector(look: { _ in
                    let header = SeriesHeader(size: GridSize(i: 240, j: 240, k: 155), spacing: [1, 1, 1])
                    return (header, String(repeating: "0", count: 64))
                }))
            let file = ReceivedFile(staged: try await clinic.stage("image"))
            let error = await #expect(throws: DatabaseError.self) {
                try await images.add(doctor.scope, case: item.id, modality: .t1, filename: "scan.nii", file: file)
            }
            #expect(error?.kind == .unavailable)
            let image = try #require(try await clinic.images.list(doctor.scope, case: item.id).first)
            #expect(try await clinic.blobs.bytes(image.blob) == Data("image".utf8))
        }
    }

    @Test(arguments: TestDatabase.all) func twoUploadsOfASequenceLeaveOne(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask { _ = try? await clinic.add(doctor, item, .t1, "image \(number)") }
                }
            }
            let images = try await clinic.images.list(doctor.scope, case: item.id)
            #expect(images.count == 1)
            #expect(try await clinic.storedFiles() == Set(images.map(\.blob)))
        }
    }

    /// A file name may contain the patient's name, and so may the study description written by a scanner.
    @Test(arguments: TestDatabase.all)
    func aResearcherSeesNeitherFileNameNorDescription(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let researcher = try await clinic.signIn(.researcher)
            let item = try await clinic.makeCase(doctor) {
                $0[.studyDescription] = .value("Mustermann")
                $0[.notes] = .value("Mustermann")
            }
            _ = try await clinic.add(doctor, item, .t1, "image 1", name: "Mustermann.nii.gz")
            let now = clinic.clock.now
            try await clinic.database.write {
                try CaseStore($0).setStatus(doctor.scope, item.id, .processing, at: now)
                try CaseStore($0).setStatus(doctor.scope, item.id, .completed, at: now)
            }
            for (person, isNamed) in [(doctor, true), (researcher, false)] {
                let images = try await clinic.images.list(person.scope, case: item.id)
                #expect(images.map { $0.originalFilename.contains("Mustermann") } == [isNamed])
                let seen = try await clinic.cases.get(person.scope, item.id)
                #expect("\(seen)".contains("Mustermann") == isNamed)
                #expect((seen.study.description == "Mustermann") == isNamed)
            }
        }
    }
}

/// A database whose connection breaks after every write.
private struct AnswerlessDatabase: Database {
    let base: any Database

    func read<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        try await base.read(body)
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (any DatabaseConnection) throws -> T) async throws -> T {
        _ = try await base.write(body)
        throw DatabaseError(.unavailable, "The connection broke.")
    }

    func close() async throws { try await base.close() }

    func notifications(of channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification> {
        base.notifications(of: channels)
    }

    var load: PoolLoad { base.load }
}
