import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Signed URLs of files: no part can be changed, and none outlives its user's access.
@Suite struct FilesServiceTests {
    private static let signer = FileGrantSigner(secret: "a secret of at least thirty-two bytes")

    private static func service(_ clinic: FeaturesFixture) -> FilesService {
        FilesService(
            database: clinic.database, blobs: clinic.blobs, audit: clinic.audit, signer: signer,
            lifetime: .seconds(900), clock: { [clock = clinic.clock] in clock.now })
    }

    /// What a URL requests.
    private struct Address {
        let grant: FileGrant
        let signature: String

        init(_ grant: FileGrant, signature: String) {
            self.grant = grant
            self.signature = signature
        }

        init(_ path: String) throws {
            let parts = try #require(URLComponents(string: path))
            let query = Dictionary(uniqueKeysWithValues: (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") })
            let names = parts.path.split(separator: "/").map(String.init)
            grant = FileGrant(
                holder: .init(
                    institution: try #require(InstitutionID(query["institution"] ?? "")),
                    user: try #require(UserID(query["user"] ?? "")),
                    session: try #require(SessionID(query["session"] ?? ""))),
                kind: try #require(FileGrant.Kind(rawValue: names[2])),
                object: try #require(ID<StoredFile>(names[3])), expires: try #require(Int64(query["expires"] ?? "")))
            signature = try #require(query["signature"])
        }
    }

    private static func open(_ clinic: FeaturesFixture, _ address: Address) async throws -> StoredFile {
        try await service(clinic).open(address.grant, signature: address.signature, origin: RequestOrigin())
    }

    private static func image(_ clinic: FeaturesFixture, of person: Person) async throws -> MRIImage {
        let item = try await clinic.makeCase(person)
        let image = try await clinic.add(person, item, .t1, "image \(item.id)")
        try await clinic.database.write {
            try $0.execute("UPDATE series SET file_format = 'nii.gz' WHERE id = \(image.id)")
        }
        return image
    }

    private static func expectRefusal(
        _ clinic: FeaturesFixture, _ address: Address, _ code: AppError.Code, _ comment: Comment? = nil
    ) async {
        await #expect(comment) { try await open(clinic, address) } throws: { isAppError($0, code) }
    }

    /// Every part of the request is signed: if one is changed, the signature is invalid.
    @Test func everyPartIsSigned() {
        func grant(
            institution: InstitutionID = .default, user: Int = 1, session: Int = 1, kind: FileGrant.Kind = .image,
            object: Int = 1, expires: Int64 = 100
        ) -> FileGrant {
            func id<Entity>(_ number: Int, _ type: ID<Entity>.Type) -> ID<Entity>? {
                ID("00000000-0000-4000-8000-00000000000\(number)")
            }
            return FileGrant(
                holder: .init(
                    institution: institution, user: id(user, UserID.self) ?? ID(),
                    session: id(session, SessionID.self) ?? ID()), kind: kind,
                object: id(object, ID<StoredFile>.self) ?? ID(), expires: expires)
        }
        let signature = Self.signer.signature(of: grant())
        #expect(Self.signer.isValid(signature, for: grant()))
        for (part, changed) in [
            ("institution", grant(institution: ID())), ("user", grant(user: 2)), ("session", grant(session: 2)),
            ("kind", grant(kind: .report)), ("object", grant(object: 2)), ("time", grant(expires: 101)),
        ] { #expect(!Self.signer.isValid(signature, for: changed), "\(part)") }
        let other = FileGrantSigner(secret: "another secret of at least thirty-two bytes")
        #expect(!other.isValid(signature, for: grant()))
        for text in ["", "zz", signature.uppercased(), String(signature.dropLast(2)), signature + "00"] {
            #expect(!Self.signer.isValid(text, for: grant()), "\(text)")
        }
    }

    @Test(arguments: TestDatabase.all) func anAddressEndsInItsLastMoment(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let image = try await Self.image(clinic, of: doctor)
            let address = try Address(Self.service(clinic).path(doctor.scope, image))
            #expect(Double(address.grant.expires) == clinic.clock.now.seconds + 900)
            clinic.clock.advance(by: .seconds(899))
            #expect(try await Self.open(clinic, address).name == "t1.nii.gz")
            clinic.clock.advance(by: .seconds(1))
            await Self.expectRefusal(clinic, address, .forbidden)
            #expect(try await clinic.traces("file.read") == [image.id.string, image.id.string])
        }
    }

    /// A URL that combines another user with one's own session is rejected, even with a valid signature.
    @Test(arguments: TestDatabase.all) func aSessionIsThatOfItsUser(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (doctor, other) = (try await clinic.signIn(.doctor), try await clinic.signIn(.doctor))
            let image = try await Self.image(clinic, of: doctor)
            func address(_ person: Person, session: SessionID, institution: InstitutionID = .default) throws -> Address
            {
                let grant = FileGrant(
                    holder: .init(institution: institution, user: person.user.id, session: session), kind: .image,
                    object: try #require(ID(image.id.string)), expires: Int64(clinic.clock.now.seconds) + 60)
                return Address(grant, signature: Self.signer.signature(of: grant))
            }
            #expect(try await Self.open(clinic, address(doctor, session: doctor.principal.session)).size > 0)
            await Self.expectRefusal(clinic, try address(other, session: doctor.principal.session), .forbidden)
            await Self.expectRefusal(clinic, try address(other, session: other.principal.session), .notFound)
            // Users only get URLs of their own institution; superusers also get those of others, as long as they are
            // superusers.
            let abroad = try await clinic.makeInstitution()
            await Self.expectRefusal(
                clinic, try address(doctor, session: doctor.principal.session, institution: abroad), .forbidden)
            let above = try await clinic.superuser()
            await Self.expectRefusal(
                clinic, try address(above, session: above.principal.session, institution: abroad), .notFound)
            let theirs = try await clinic.signIn(.doctor, institution: abroad)
            let foreign = try await Self.image(clinic, of: theirs)
            let visiting = Person(above, above.scope.visiting(abroad))
            let path = Self.service(clinic).path(visiting.scope, foreign)
            #expect(try await Self.open(clinic, Address(path)).size > 0)
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_superuser = 0 WHERE id = \(above.user.id)")
            }
            await Self.expectRefusal(clinic, try Address(path), .forbidden)
        }
    }

    @Test(arguments: TestDatabase.all) func anAddressEndsWithTheRight(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let (doctor, colleague) = (try await clinic.signIn(.doctor), try await clinic.signIn(.doctor))
            let image = try await Self.image(clinic, of: doctor)
            _ = try await clinic.cases.shares.share(
                doctor.scope, case: image.caseID, ShareForm(email: colleague.user.email))
            let colleagues = try Address(Self.service(clinic).path(try await clinic.again(colleague).scope, image))
            let own = try Address(Self.service(clinic).path(doctor.scope, image))
            for address in [own, colleagues] { #expect(try await Self.open(clinic, address).size > 0) }
            try await clinic.cases.shares.end(doctor.scope, case: image.caseID, with: colleague.user.id)
            await Self.expectRefusal(clinic, colleagues, .notFound)
            try await clinic.cases.delete(doctor.scope, image.caseID)
            await Self.expectRefusal(clinic, own, .notFound)
            try await clinic.sessions.logout(refreshToken: doctor.tokens.refresh, origin: RequestOrigin())
            await Self.expectRefusal(clinic, own, .forbidden)
            #expect(try await clinic.actions(.refused).contains("file.read"))
        }
    }

    /// Without a session no URL is shown.
    @Test func withoutASessionThereIsNoAddress() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let image = try await Self.image(clinic, of: doctor)
            let scope = Scope(institution: .default, user: doctor.user.id, role: .doctor)
            #expect(Self.service(clinic).path(scope, image).isEmpty)
        }
    }
}
