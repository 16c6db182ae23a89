import Foundation
import Imaging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The whole service without HTTP on a new database: accounts, cases, uploads, audit, and a clock controlled by tests.
struct FeaturesFixture: Sendable {
    let database: any Database
    let blobs: any BlobStore
    let stored: TestBlobs
    let clock: TestClock
    let sessions: SessionsService
    let users: UsersService
    let audit: AuditService
    let cases: CasesService
    let images: ImagesService
    let uploads: UploadsService

    static let password = "correct horse"

    static func with(
        _ kind: TestDatabase, on blobs: TestBlobs.Kind = .disk, settings: SessionSettings = SessionSettings(),
        _ body: @escaping @Sendable (FeaturesFixture) async throws -> Void
    ) async throws {
        try await kind.with { database in
            try await TemporaryFolder.with { folder in
                let stored = try await TestBlobs(blobs, in: folder)
                try await body(try await FeaturesFixture(database: database, stored: stored, settings: settings))
            }
        }
    }

    init(database: any Database, stored: TestBlobs, settings: SessionSettings = SessionSettings()) async throws {
        let clock = TestClock()
        let read: @Sendable () -> Timestamp = { clock.now }
        self.database = database
        self.clock = clock
        self.stored = stored
        blobs = stored.store
        sessions = SessionsService(
            database: database, hasher: try PasswordHasher(cost: .least),
            signer: try await TokenSigner(secret: "a secret of at least thirty-two bytes"), settings: settings,
            clock: read)
        users = UsersService(sessions: sessions)
        audit = AuditService(database: database)
        cases = CasesService(database: database, audit: audit, contents: .all, clock: read)
        images = ImagesService(
            database: database, blobs: blobs, audit: audit, contents: .all, inspector: SeriesInspector(look: Self.look),
            quota: 10_000,
            clock: read)
        uploads = UploadsService(
            database: database, partials: blobs.partials, images: images, audit: audit, lifetime: .seconds(3600),
            clock: read)
    }

    /// Accepts any file that begins with "image" as an image; its remaining bytes distinguish it from others.
    private static func look(_ url: URL) throws -> SeriesInspector.Found {
        let data = try Data(contentsOf: url)
        guard data.starts(with: Data("image".utf8)) else {
            throw ImagingError(.invalidImage, "The file is not a NIfTI image.")
        }
        let digest = String(String(data.map { String(format: "%02x", $0) }.joined().suffix(64)).reversed())
        return (
            SeriesHeader(size: GridSize(i: 240, j: 240, k: 155), spacing: [1, 1, 1.5]),
            digest + String(repeating: "0", count: 64 - digest.count)
        )
    }

    /// A user with `role`; in a second institution if `institution` is given.
    func signIn(_ role: Role, name: String = "Ada", institution: InstitutionID? = nil) async throws -> Person {
        let email = "\(role.rawValue).\(UserID().string.prefix(8))@clinic.org"
        let home = institution ?? .default
        let now = clock.now
        let user = User(
            id: ID(), institutionID: home, email: email, firstName: name, lastName: "Lovelace", role: role,
            institution: "Clinic", specialty: "", phoneNumber: "", isEmailVerified: false, createdAt: now,
            updatedAt: now)
        let hash = try await sessions.hasher.hash(Self.password)
        try await database.write { try UserStore($0).insert(user, passwordHash: hash) }
        let signedIn = try await sessions.login(email: email, password: Self.password, origin: RequestOrigin())
        let principal = try await sessions.authenticate(signedIn.tokens.access, origin: RequestOrigin())
        return Person(user: user, tokens: signedIn.tokens, principal: principal)
    }

    /// A superuser.
    func superuser() async throws -> Person {
        let form = Registration(
            email: "root@platform.org", password: Self.password, confirmPassword: Self.password, firstName: "Root",
            lastName: "User")
        let user = try await users.createSuperuser(form)
        let signedIn = try await sessions.login(email: user.email, password: Self.password, origin: RequestOrigin())
        let principal = try await sessions.authenticate(signedIn.tokens.access, origin: RequestOrigin())
        return Person(user: user, tokens: signedIn.tokens, principal: principal)
    }

    /// The same user in the next request.
    func again(_ person: Person) async throws -> Person {
        let principal = try await sessions.authenticate(person.tokens.access, origin: RequestOrigin())
        return Person(user: person.user, tokens: person.tokens, principal: principal)
    }

    func makeInstitution() async throws -> InstitutionID {
        let id = InstitutionID()
        try await database.write {
            try $0.execute("INSERT INTO institutions (id, name, created_at) VALUES (\(id), \("Other"), 0)")
        }
        return id
    }

    func makeCase(_ person: Person, patient: String = "PAT-1", _ change: (inout CaseForm) -> Void = { _ in })
        async throws -> Case
    {
        var form = CaseForm()
        form[.patientID] = .value(.text(patient))
        form[.age] = .value(61)
        form[.sex] = .value("F")
        change(&form)
        clock.advance(by: .seconds(1))
        return try await cases.create(person.scope, form)
    }

    var partials: any PartialBlobs { blobs.partials }

    func stage(_ text: String) async throws -> StagedBlob {
        try await blobs.stage(Data(text.utf8))
    }

    func add(
        _ person: Person, _ item: Case, _ modality: MRISequence, _ content: String, name: String = "scan.nii.gz"
    ) async throws -> MRIImage {
        try await images.add(
            person.scope, case: item.id, modality: modality, filename: name,
            file: ReceivedFile(staged: try await stage(content)))
    }

    /// The audit trail's actions, oldest first.
    func actions(_ outcome: AuditEntry.Outcome = .done) async throws -> [String] {
        let rows = try await database.read {
            try $0.query("SELECT action FROM audit_entries WHERE outcome = \(outcome) ORDER BY occurred_at, id")
        }
        return try rows.map { try $0.get("action") }
    }

    func count(_ table: String) async throws -> Int {
        let row = try await database.read { try $0.queryOne("SELECT COUNT(*) AS number FROM \(raw: table)") }
        return try row?.get("number") ?? 0
    }

    func purger(retention: Duration) -> CasePurgeService {
        CasePurgeService(
            database: database, blobs: blobs, partials: partials, contents: .all, retention: retention,
            clock: { [clock] in clock.now })
    }

    /// The recorded storage use of the default institution.
    func storedBytes() async throws -> Int64 {
        let row = try await database.read {
            try $0.queryOne("SELECT stored_bytes FROM institutions WHERE id = \(InstitutionID.default.string)")
        }
        return try row?.get("stored_bytes") ?? 0
    }

    func storedFiles() async throws -> Set<BlobKey> {
        await stored.settle()
        return Set(try await blobs.allKeys())
    }
}

/// A signed-in user.
struct Person: Sendable {
    let user: User
    let tokens: TokenPair
    let principal: Principal

    var scope: Scope { principal.scope }
}

extension Person {
    /// The same user acting elsewhere.
    init(_ person: Person, _ scope: Scope) {
        let principal = Principal(
            scope: scope, session: person.principal.session, lastUsedAt: person.principal.lastUsedAt)
        self.init(user: person.user, tokens: person.tokens, principal: principal)
    }
}

/// A clock that only tests advance.
final class TestClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 1_800_000_000_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 = $0.advanced(by: duration) }
    }
}

/// Whether `error` is an `AppError` with this code, and for this field if given.
func isAppError(_ error: any Error, _ code: AppError.Code, field: String? = nil) -> Bool {
    guard let error = error as? AppError, error.code == code else { return false }
    return field.map { error.fields[$0] != nil } ?? true
}

/// A form with one error, and the field that it must be reported for.
struct FormFault<Form>: Sendable, CustomTestStringConvertible {
    let field: String
    let change: @Sendable (inout Form) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout Form) -> Void) {
        self.field = field
        self.change = change
    }

    var testDescription: String { field }
}

extension MRIImage {
    /// The only file of a NIfTI series.
    var blob: BlobKey { series.files[0].blob }
}
