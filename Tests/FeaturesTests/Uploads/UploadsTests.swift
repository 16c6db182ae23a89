import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct UploadsTests {
    private static let content = Data("image of many bytes that arrive in parts".utf8)

    private static func begin(
        _ clinic: FeaturesFixture, _ person: Person, _ item: Case, size: Int? = nil, _ modality: MRISequence = .t1
    ) async throws -> CaseUpload {
        try await clinic.uploads.create(
            person.scope, case: item.id, modality: modality, filename: "a/scan.nii",
            size: Int64(size ?? content.count))
    }

    @discardableResult
    private static func send(
        _ clinic: FeaturesFixture, _ person: Person, _ upload: CaseUpload, _ bytes: Data, at offset: Int
    ) async throws -> Int64 {
        var appender = try await clinic.uploads.open(
            person.scope, upload.id, case: upload.caseID, at: Int64(offset))
        try await appender.append(bytes)
        try await appender.drain()
        return try await clinic.uploads.close(person.scope, appender).offset
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func partsBecomeAnImage(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let upload = try await Self.begin(clinic, doctor, item)
            var offset = 0
            while offset < Self.content.count {
                #expect(try await clinic.images.list(doctor.scope, case: item.id).isEmpty)
                let part = Self.content.dropFirst(offset).prefix(11)
                let progress = try await clinic.uploads.progress(doctor.scope, upload.id, case: item.id)
                #expect(progress.offset == Int64(offset))
                offset = Int(try await Self.send(clinic, doctor, upload, part, at: offset))
            }
            let images = try await clinic.images.list(doctor.scope, case: item.id)
            #expect(images.map(\.modality) == [.t1] && images.first?.originalFilename == "scan.nii")
            let key = try #require(images.first?.blob)
            #expect(try await clinic.blobs.bytes(key) == Self.content)
            await clinic.stored.settle()
            #expect(try await clinic.partials.allKeys().isEmpty)
            // A client that missed the last response asks for the current offset.
            let progress = try await clinic.uploads.progress(doctor.scope, upload.id, case: item.id)
            #expect(progress.offset == Int64(Self.content.count) && progress.upload.completedAt != nil)
            await #expect { try await Self.send(clinic, doctor, upload, Self.content, at: 0) } throws: {
                isAppError($0, .conflict)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aWrongOffsetAndTooManyBytesAreRefused(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let upload = try await Self.begin(clinic, doctor, try await clinic.makeCase(doctor), size: 10)
            await #expect { try await Self.send(clinic, doctor, upload, Data("x".utf8), at: 1) } throws: {
                ($0 as? BlobError) == .wrongOffset && AppError.wrapping($0).code == .conflict
            }
            try await Self.send(clinic, doctor, upload, Data("image".utf8), at: 0)
            await #expect { try await Self.send(clinic, doctor, upload, Data("123456".utf8), at: 5) } throws: {
                AppError.wrapping($0).code == .tooLarge
            }
            let progress = try await clinic.uploads.progress(doctor.scope, upload.id, case: upload.caseID)
            #expect(progress.offset == 5)
            let first = try await clinic.uploads.open(doctor.scope, upload.id, case: upload.caseID, at: 5)
            await #expect { try await Self.send(clinic, doctor, upload, Data("1".utf8), at: 5) } throws: {
                isAppError($0, .locked)
            }
            withExtendedLifetime(first) {}
        }
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func whatIsNoImageGoesWithItsUpload(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let upload = try await Self.begin(clinic, doctor, item, size: 4)
            await #expect { try await Self.send(clinic, doctor, upload, Data("text".utf8), at: 0) } throws: {
                isAppError($0, .validation, field: "file")
            }
            #expect(try await clinic.count("case_uploads") == 0)
            #expect(try await clinic.count("series") == 0)
            #expect(try await clinic.storedFiles().isEmpty)
            #expect(try await clinic.partials.allKeys().isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func aWholeUploadThatWasNotLookedAtIsLookedAtLater(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let upload = try await Self.begin(clinic, doctor, item)
            // As after a crash between the last byte and its image.
            try await Self.fill(clinic, upload)
            #expect(try await clinic.count("series") == 0)
            let progress = try await clinic.uploads.progress(doctor.scope, upload.id, case: item.id)
            #expect(progress.offset == upload.size)
            #expect(try await clinic.count("series") == 1)
        }
    }

    private static func fill(_ clinic: FeaturesFixture, _ upload: CaseUpload) async throws {
        let writer = try #require(try await clinic.partials.open(upload.id.blobKey, at: 0, limit: upload.size))
        try await writer.append(content)
        _ = try await writer.flush()
        await writer.release()
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func aFalseChecksumForgetsItsBytes(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let upload = try await Self.begin(clinic, doctor, try await clinic.makeCase(doctor))
            func send(_ checksum: String, breakingOff: Bool = false) async throws {
                var appender = try await clinic.uploads.open(doctor.scope, upload.id, case: upload.caseID, at: 0)
                appender.expect(try UploadChecksum(checksum))
                try await appender.append(Data("image 1".utf8))
                if breakingOff { return await appender.breakOff() }
                try await appender.drain()
                _ = try await clinic.uploads.close(doctor.scope, appender)
            }
            func offset() async throws -> Int64 {
                try await clinic.uploads.progress(doctor.scope, upload.id, case: upload.caseID).offset
            }
            // printf 'image 1' | openssl sha1 -binary | base64
            let right = "sha1 5e+0YObc5UrSj8xWlW7gF+ySJ/M="
            await #expect { try await send("sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=") } throws: {
                isAppError($0, .checksumMismatch)
            }
            #expect(try await offset() == 0)
            try await send(right, breakingOff: true)
            #expect(try await offset() == 0)
            try await send(right)
            #expect(try await offset() == 7)
            for wrong in ["crc32 AAAA", "sha1", "sha1 ???"] {
                #expect { try UploadChecksum(wrong) } throws: { isAppError($0, .validation, field: "Upload-Checksum") }
            }
        }
    }

    @Test(arguments: TestDatabase.all) func onlyWhoMayUploadKnowsOfIt(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let upload = try await Self.begin(clinic, doctor, item)
            let other = try await clinic.makeCase(doctor)
            let stranger = try await clinic.signIn(.doctor)
            let abroad = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            for person in [stranger, abroad] {
                await #expect {
                    try await clinic.uploads.progress(person.scope, upload.id, case: item.id)
                } throws: {
                    isAppError($0, .notFound)
                }
                await #expect { try await Self.send(clinic, person, upload, Self.content, at: 0) } throws: {
                    isAppError($0, .notFound)
                }
                await #expect {
                    try await clinic.uploads.delete(person.scope, upload.id, case: item.id)
                } throws: {
                    isAppError($0, .notFound)
                }
            }
            await #expect {
                try await clinic.uploads.progress(doctor.scope, upload.id, case: other.id)
            } throws: {
                isAppError($0, .notFound)
            }
            try await clinic.uploads.delete(doctor.scope, upload.id, case: item.id)
            #expect(try await clinic.partials.allKeys().isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func expiredOnesAreSwept(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await FeaturesFixture.with(kind, on: blobs) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let old = try await Self.begin(clinic, doctor, item)
            clinic.clock.advance(by: .seconds(3000))
            let young = try await Self.begin(clinic, doctor, item)
            try await clinic.partials.begin(BlobKey())
            clinic.clock.advance(by: .seconds(1000))
            await #expect { try await clinic.uploads.progress(doctor.scope, old.id, case: item.id) } throws: {
                isAppError($0, .notFound)
            }
            await clinic.stored.settle()
            try await clinic.uploads.deleteExpired()
            await clinic.stored.settle()
            let left = try await clinic.partials.allKeys()
            #expect(left == [young.id.blobKey])
            #expect(try await clinic.count("case_uploads") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func fiftyUploadsOfACaseAreUnderWayAtMost(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let other = try await clinic.makeCase(doctor)
            let first = try await Self.begin(clinic, doctor, item, size: 10)
            for _ in 1..<50 { _ = try await Self.begin(clinic, doctor, item, size: 10) }
            await #expect { try await Self.begin(clinic, doctor, item, size: 10) } throws: { isAppError($0, .conflict) }
            // A refused upload leaves no file; another case has its own limit, and deleting one upload allows the next.
            #expect(try await clinic.partials.allKeys().count == 50)
            _ = try await Self.begin(clinic, doctor, other, size: 10)
            try await clinic.uploads.delete(doctor.scope, first.id, case: item.id)
            _ = try await Self.begin(clinic, doctor, item, size: 10)
        }
    }

    /// At its expiry an upload ends for clients and the sweeper at the same moment.
    @Test(arguments: TestDatabase.all) func anUploadEndsWithItsTime(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let upload = try await Self.begin(clinic, doctor, item)
            clinic.clock.advance(by: .seconds(3600) - .microseconds(1))
            try await clinic.uploads.deleteExpired()
            _ = try await clinic.uploads.progress(doctor.scope, upload.id, case: item.id)
            clinic.clock.advance(by: .microseconds(1))
            await #expect { try await clinic.uploads.progress(doctor.scope, upload.id, case: item.id) } throws: {
                isAppError($0, .notFound)
            }
            try await clinic.uploads.deleteExpired()
            #expect(try await clinic.count("case_uploads") == 0)
        }
    }
}
