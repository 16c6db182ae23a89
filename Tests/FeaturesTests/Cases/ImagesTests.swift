import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features

@Suite struct ImagesTests {
    @Test(arguments: TestDatabase.all) func anUploadIsKeptAndNamed(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
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
            let bytes = try Data(contentsOf: await clinic.blobs.localURL(image.blob))
            #expect(bytes == Data("image 1".utf8))
            #expect(try await clinic.actions().filter { $0 == "image.upload" }.count == 2)
        }
    }

    @Test(arguments: TestDatabase.all) func theSameSequenceAgainReplaces(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
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
        try await Clinic.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let first = try await clinic.add(doctor, item, .t1, "image 1")
            await #expect { try await clinic.add(doctor, item, .t2, "image 1") } throws: {
                isAppError($0, .validation, field: "file")
            }
            #expect(try await clinic.images.list(doctor.scope, case: item.id) == [first])
            #expect(try await clinic.storedFiles() == [first.blob])
            // Another case may have it.
            _ = try await clinic.add(doctor, try await clinic.makeCase(doctor), .t2, "image 1")
        }
    }

    @Test(arguments: TestDatabase.all) func aRefusedFileLeavesNothing(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
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

    @Test(arguments: TestDatabase.all) func theSweeperTakesOnlyOldOrphans(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
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

    @Test(arguments: TestDatabase.all) func twoUploadsOfASequenceLeaveOne(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
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

    /// A file may be called after its patient, and a scanner may name the patient in what it says of a study.
    @Test(arguments: TestDatabase.all)
    func aResearcherSeesNeitherFileNameNorDescription(_ kind: TestDatabase) async throws {
        try await Clinic.with(kind) { clinic in
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
