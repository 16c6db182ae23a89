import Basics
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Imaging
import Logging
import Rendering
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// The whole service with its routes, in process, on a new database with real files.
struct WebFixture: Sendable {
    let client: any TestClientProtocol
    let database: any Database
    let blobs: any BlobStore
    let stored: TestBlobs
    let services: WebServices
    /// Of the application and its worker.
    let logger: Logger
    private let conformance: Conformance
    let audit: AuditConformance
    private let folder: URL

    static let uploadLimit: Int64 = 4 << 20
    static let model = ModelIdentity(name: "stand-in", version: "1.0", digest: String(repeating: "a", count: 64))

    static func with(
        _ kind: TestDatabase, on blobs: TestBlobs.Kind = .disk, bucketAddress: String? = nil,
        settings change: @escaping @Sendable (inout WebSettings) -> Void = { _ in },
        sessions: SessionSettings = SessionSettings(), accounts: AccountSettings = AccountSettings(),
        logger: Logger = WebFixture.quiet, _ body: @escaping @Sendable (WebFixture) async throws -> Void
    ) async throws {
        try await kind.with { database in
            try await TemporaryFolder.with { folder in
                let media = folder.appendingPathComponent("media")
                try FileManager.default.createDirectory(at: media, withIntermediateDirectories: true)
                let stored = try await TestBlobs(blobs, in: media, address: bucketAddress)
                let services = try await services(database, stored.store, (sessions, accounts), change)
                let routes = try services.apiRoutes
                let conformance = Conformance(routes)
                let audit = AuditConformance(routes, database)
                try await Application(router: services.router(), logger: logger).test(.router) { client in
                    try await body(
                        WebFixture(
                            client: client, database: database, blobs: stored.store, stored: stored, services: services,
                            logger: logger, conformance: conformance, audit: audit, folder: folder))
                }
            }
        }
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A second model besides the active one is also installed.
    static let models: InstalledModels = {
        let active = InstalledModel(
            identity: model, architecture: "stand-in",
            measured: [.init(sequences: [.t1ce], MeasuredDice(patients: 6, dice: [.wholeTumour: 0.8]))])
        let other = InstalledModel(
            identity: ModelIdentity(name: "other", version: "2.0", digest: String(repeating: "b", count: 64)),
            architecture: "another stand-in", requiredSequences: MRISequence.allCases)
        return InstalledModels(list: { [active, other] }, defaultModel: { active.identity })
    }()

    static let secret = "a secret of at least thirty-two bytes"

    static func services(
        _ database: any Database, _ blobs: any BlobStore,
        _ decided: (sessions: SessionSettings, accounts: AccountSettings), events: EventSettings = .ending,
        _ change: (inout WebSettings) -> Void
    ) async throws -> WebServices {
        // Tests cause more denied requests at once than a service writes individually.
        var limits = RefusalLimits()
        limits.burst = 1_000_000
        limits.totalBurst = 1_000_000
        let audit = AuditService(database: database, refusals: limits)
        let sessions = SessionsService(
            database: database, hasher: try PasswordHasher(cost: .least), signer: try await TokenSigner(secret: secret),
            audit: audit, settings: decided.sessions)
        var settings = WebSettings(version: "test")
        settings.uploadLimit = uploadLimit
        change(&settings)
        let images = ImagesService(database: database, blobs: blobs, audit: audit, contents: .all, inspector: .nifti())
        return WebServices(
            users: UsersService(sessions: sessions, settings: decided.accounts),
            cases: CasesService(database: database, audit: audit, contents: .all),
            images: images,
            uploads: UploadsService(database: database, partials: blobs.partials, images: images, audit: audit),
            segmentation: SegmentationService(database: database, audit: audit, contents: .all, models: Self.models),
            models: ModelsService(database: database, installed: Self.models),
            reports: ReportsService(database: database, audit: audit),
            reportExport: ReportExportService(
                database: database, blobs: blobs, audit: audit, printer: ReportPrinter { try ReportPDF.data($0) }),
            feedback: FeedbackService(database: database, audit: audit),
            expertMasks: ExpertMasksService(
                database: database, blobs: blobs, audit: audit,
                feed: JobFeed(database: database, logger: Logger(label: "test"))),
            files: FilesService(
                database: database, blobs: blobs, audit: audit, signer: FileGrantSigner(secret: secret)),
            audit: audit, idempotency: IdempotencyService(database: database, secret: secret), sessions: sessions,
            settings: settings,
            operations: OperationsService(
                database: database, blobs: blobs, models: Self.models,
                dataFolder: FileManager.default.temporaryDirectory,
                reuse: .zero),
            events: EventsService(
                database: database, audit: audit,
                feed: EventFeed(database: database, logger: Logger(label: "test"), settings: events)))
    }

    // MARK: Calls

    func call(
        _ method: HTTPRequest.Method, _ path: String, _ json: String? = nil, as token: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        if json != nil && headers[.contentType] == nil { headers[.contentType] = "application/json" }
        let answer = try await client.execute(
            uri: path, method: method, headers: headers, body: json.map { ByteBuffer(string: $0) }
        ) { Answer($0) }
        try await check(method, path, answer, isSignedIn: token != nil)
        return answer
    }

    /// A response that a test received by other means, after its audit check.
    func traced(_ method: HTTPRequest.Method, _ path: String, _ answer: Answer) async throws -> Answer {
        try await audit.check(conformance.route(method, path), answer, isSignedIn: true)
        return answer
    }

    /// Checks a response's format and its audit entry.
    func check(_ method: HTTPRequest.Method, _ path: String, _ answer: Answer, isSignedIn: Bool) async throws {
        conformance.check(method, path, answer)
        try await audit.check(conformance.route(method, path), answer, isSignedIn: isSignedIn)
    }

    /// A multipart body with one file.
    static func form(_ data: Data, _ modality: String, name: String = "scan.nii") -> Data {
        let head =
            "--edge\r\nContent-Disposition: form-data; name=\"modality\"\r\n\r\n\(modality)\r\n--edge\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
        return Data(head.utf8) + data + Data("\r\n--edge--\r\n".utf8)
    }

    func post(form: Data, to caseID: String, as token: String?) async throws -> Answer {
        var headers: HTTPFields = [.contentType: "multipart/form-data; boundary=edge"]
        if let token { headers[.authorization] = "Bearer \(token)" }
        let path = "/api/cases/\(caseID)/upload/"
        let answer = try await client.execute(
            uri: path, method: .post, headers: headers, body: ByteBuffer(bytes: form)
        ) { Answer($0) }
        try await check(.post, path, answer, isSignedIn: token != nil)
        return answer
    }

    func upload(
        _ data: Data, _ modality: String, to caseID: String, as token: String?, name: String = "scan.nii"
    ) async throws -> Answer {
        try await post(form: Self.form(data, modality, name: name), to: caseID, as: token)
    }

    // MARK: Users and cases

    static let password = "correct horse"

    static func registration(_ email: String, role: String = "doctor") -> String {
        """
        {"email": "\(email)", "password": "\(password)", "confirm_password": "\(password)", "first_name": "Ada",
        "last_name": "Lovelace", "role": "\(role)"}
        """
    }

    /// A new user with an access token.
    func signUp(_ email: String = "ada@clinic.org", role: String = "doctor") async throws -> String {
        let answer = try await call(.post, "/api/users/register/", Self.registration(email, role: role))
        return try #require(answer["access"])
    }

    /// A new administrator of the default institution with an access token.
    func signUpAdmin(_ email: String = "root@clinic.org") async throws -> String {
        _ = try await signUp(email)
        try await database.write { try $0.execute("UPDATE users SET role = 'admin' WHERE email = \(email)") }
        let login = "{\"email\": \"\(email)\", \"password\": \"\(Self.password)\"}"
        return try #require(try await call(.post, "/api/users/login/", login)["access"])
    }

    func makeCase(_ token: String, patient: String = "PAT-1") async throws -> String {
        let answer = try await call(
            .post, "/api/cases/", "{\"patientId\": \"\(patient)\", \"age\": 61, \"sex\": \"F\"}", as: token)
        #expect(answer.status == .created)
        return try #require(answer["caseId"])
    }

    /// A case with one valid series.
    func makeUploadedCase(_ token: String) async throws -> String {
        let id = try await makeCase(token)
        #expect(try await upload(HeadPhantom.nifti(), "t1ce", to: id, as: token).status == .created)
        return id
    }

    func rows(_ table: String) async throws -> Int {
        try await database.read { try $0.query("SELECT 1 AS one FROM \(raw: table)").count }
    }

    func storedFiles() async throws -> Int {
        await stored.settle()
        return try await blobs.allKeys().count
    }

    // MARK: Work

    /// All kinds of jobs, with a stand-in for the network.
    func jobs(_ pipeline: @escaping SegmentationEngine.Run = standIn) -> JobQueue {
        let segment = SegmentCaseJob(
            database: database, blobs: blobs,
            engines: SegmentationEngines(only: SegmentationEngine(model: Self.model, run: pipeline)),
            folders: WorkFolders(root: folder.appendingPathComponent("work")), codeVersion: "test")
        let report = WriteReportJob(database: database)
        let score = ScoreMaskJob(database: database, blobs: blobs)
        return JobQueue(
            database: database, handlers: [JobHandler(segment), JobHandler(report), JobHandler(score)],
            logger: logger)
    }

    /// Runs a worker until there are no jobs left.
    func work(_ pipeline: @escaping SegmentationEngine.Run = standIn) async throws {
        let runner = JobRunner(queue: jobs(pipeline), worker: WorkerID(), logger: logger)
        let running = Task { await runner.run() }
        for _ in 0..<600 where try await rows("jobs WHERE status IN ('pending', 'running')") > 0 {
            try await Task.sleep(for: .milliseconds(50))
        }
        runner.stop()
        await running.value
        #expect(try await rows("jobs WHERE status IN ('pending', 'running')") == 0)
    }

    /// One grey pixel as PNG.
    static let picture =
        Data(
            base64Encoded:
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")
        ?? Data()

    static let standIn: SegmentationEngine.Run = { sources, folder, _ in
        try Data("mask".utf8).write(to: folder.appendingPathComponent("segmentation.nii.gz"))
        try picture.write(to: folder.appendingPathComponent("contours.png"))
        let result = SegmentationResult(
            volumes: [.wholeTumour: 12_340, .tumourCore: 0, .enhancingTumour: 0],
            confidenceScores: [.wholeTumour: 0.9],
            maskFiles: [OutputFile(name: "segmentation.nii.gz", content: .labels, sequence: .t1ce)],
            structuredFindings: [
                Finding(id: "F1", kind: .sequencesPresent, term: "T1CE"),
                Finding(id: "F2", kind: .volume, region: .wholeTumour, quantity: 12_340, unit: "mm3"),
                Finding(id: "F4", kind: .volume, region: .tumourCore, quantity: 0, unit: "mm3"),
                Finding(id: "F5", kind: .volume, region: .enhancingTumour, quantity: 0, unit: "mm3"),
                Finding(id: "F3", kind: .lesionCount, quantity: 0, unit: "1"),
            ],
            lesions: [], gatingWeights: [.t1ce: 1], availableModalities: sources.keys.sorted(),
            referenceModality: .t1ce, reliability: [], brainMask: .given, modelVersion: "1.0", device: "cpu")
        return try written(result, pictures: [OutputFile(name: "contours.png", content: .picture)], to: folder)
    }

    /// A run's output with masks and pictures in `folder`.
    static func written(
        _ result: SegmentationResult, pictures: [OutputFile] = [], to folder: URL
    ) throws -> WrittenStudy {
        let manifest = RunManifest(inputs: [], model: model, codeVersion: "test", device: "cpu")
        let file = OutputFile(name: "manifest.json", content: .manifest)
        try Data(manifest.json().utf8).write(to: folder.appendingPathComponent(file.name))
        return WrittenStudy(result: result, manifest: manifest, files: result.maskFiles + pictures + [file])
    }
}

extension EventSettings {
    /// For calls that wait for the whole response: streams end after the changes that are already known.
    static var ending: EventSettings {
        var settings = EventSettings()
        settings.lifetime = .zero
        return settings
    }
}

/// A response.
struct Answer: Sendable {
    let status: HTTPResponse.Status
    let headers: HTTPFields
    let data: Data

    init(_ response: TestResponse) {
        status = response.status
        headers = response.headers
        data = Data(response.body.readableBytesView)
    }

    var text: String { String(decoding: data, as: UTF8.self) }
    var object: [String: Any] { (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:] }
    var list: [[String: Any]] { (try? JSONSerialization.jsonObject(with: data)) as? [[String: Any]] ?? [] }

    /// A text by its key.
    subscript(_ key: String) -> String? { object[key] as? String }
}
