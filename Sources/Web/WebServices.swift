import Features
import Hummingbird

/// What the routes call; built once by the program.
package struct WebServices: Sendable {
    package let users: UsersService
    package let sessions: SessionsService
    package let cases: CasesService
    package let images: ImagesService
    package let segmentation: SegmentationService
    package let models: ModelsService
    package let reports: ReportsService
    package let files: FilesService
    /// Whether the database answers.
    package let isHealthy: @Sendable () async -> Bool
    package let settings: WebSettings

    package init(
        users: UsersService, cases: CasesService, images: ImagesService, segmentation: SegmentationService,
        models: ModelsService, reports: ReportsService, files: FilesService, sessions: SessionsService,
        settings: WebSettings, isHealthy: @escaping @Sendable () async -> Bool
    ) {
        self.users = users
        self.sessions = sessions
        self.cases = cases
        self.images = images
        self.segmentation = segmentation
        self.models = models
        self.reports = reports
        self.files = files
        self.isHealthy = isHealthy
        self.settings = settings
    }
}

/// What the operator has decided about HTTP.
package struct WebSettings: Sendable {
    /// Bytes of one uploaded file.
    package var uploadLimit: Int64
    /// Origins of browser clients on other addresses.
    package var allowedOrigins: [String]
    /// Where clients reach this server, such as `https://neuroai.example.org`; nil takes what each request says.
    package var publicURL: String?
    package var version: String

    package init(
        uploadLimit: Int64 = 1 << 30,
        allowedOrigins: [String] = ["http://localhost:5173", "http://localhost:3000"], publicURL: String? = nil,
        version: String
    ) {
        self.uploadLimit = uploadLimit
        self.allowedOrigins = allowedOrigins
        self.publicURL = publicURL
        self.version = version
    }
}

extension WebServices {
    /// Every route of the service.
    package func router() throws -> Router<WebContext> {
        let router = Router(context: WebContext.self)
        router.add(middleware: EdgeMiddleware())
        router.add(middleware: CORSRules(origins: settings.allowedOrigins))
        router.add(middleware: Authenticator(sessions: sessions))
        let api = router.group("api")
        HealthRoutes(services: self).add(to: api.group("health"))
        UserRoutes(services: self).add(to: api.group("users"))
        CaseRoutes(services: self).add(to: api.group("cases"))
        UploadRoutes(services: self).add(to: api.group("cases"))
        InferenceRoutes(services: self).add(to: api.group("inference"))
        ModelRoutes(services: self).add(to: api.group("inference/models"))
        ReportRoutes(services: self).add(to: api.group("reports"))
        FileRoutes(services: self).add(to: api.group("files"))
        try PageRoutes(services: self).add(to: router)
        return router
    }
}
