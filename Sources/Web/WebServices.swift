import Administration
import Features
import Hummingbird
import Kernel

/// What the routes call; built once by the program.
package struct WebServices: Sendable {
    package let users: UsersService
    package let sessions: SessionsService
    package let cases: CasesService
    package let images: ImagesService
    package let uploads: UploadsService
    package let segmentation: SegmentationService
    package let models: ModelsService
    package let reports: ReportsService
    package let reportExport: ReportExportService
    package let feedback: FeedbackService
    package let expertMasks: ExpertMasksService
    package let files: FilesService
    package let audit: AuditService
    package let idempotency: IdempotencyService
    package let operations: OperationsService
    /// Counts what is served.
    let requests = RequestMetrics()
    package let settings: WebSettings

    package init(
        users: UsersService, cases: CasesService, images: ImagesService, uploads: UploadsService,
        segmentation: SegmentationService, models: ModelsService, reports: ReportsService,
        reportExport: ReportExportService, feedback: FeedbackService, expertMasks: ExpertMasksService,
        files: FilesService, audit: AuditService, idempotency: IdempotencyService,
        sessions: SessionsService, settings: WebSettings, operations: OperationsService
    ) {
        self.users = users
        self.sessions = sessions
        self.cases = cases
        self.images = images
        self.uploads = uploads
        self.segmentation = segmentation
        self.models = models
        self.reports = reports
        self.reportExport = reportExport
        self.feedback = feedback
        self.expertMasks = expertMasks
        self.files = files
        self.audit = audit
        self.idempotency = idempotency
        self.operations = operations
        self.settings = settings
    }
}

extension WebServices {
    /// The administration of all of these.
    var admin: AdminService {
        AdminService(
            AdministeredServices(
                users: users, sessions: sessions, cases: cases, images: images, segmentation: segmentation,
                models: models, reports: reports))
    }

    /// Every call of the API.
    var apiRoutes: [APIRoute] {
        get throws {
            // One a line, in the order of the documentation.
            let routes = [
                HealthRoutes(services: self).all,
                UserRoutes(services: self).all,
                SessionRoutes(services: self).all,
                SecondFactorRoutes(services: self).all,
                InvitationRoutes(services: self).all,
                InstitutionRoutes(services: self).all,
                CaseRoutes(services: self).all,
                ShareRoutes(services: self).all,
                UploadRoutes(services: self).all,
                ResumableUploadRoutes(services: self).all,
                InferenceRoutes(services: self).all,
                ExpertMaskRoutes(services: self).all,
                ModelRoutes(services: self).all,
                ReportRoutes(services: self).all,
                ReportEditRoutes(services: self).all,
                ReportAddendumRoutes(services: self).all,
                ReportExportRoutes(services: self).all,
                FeedbackRoutes(services: self).all,
                FileRoutes(services: self).all,
                AuditRoutes(services: self).all,
            ].flatMap(\.self)
            return routes + (try SchemaRoutes.all(with: routes, settings))
        }
    }

    /// Every route of the service.
    package func router() throws -> Router<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: EdgeMiddleware(settings, requests: requests))
        // Before the rest: its token is nobody's session, and Prometheus asks for whatever name it knows.
        MetricsRoutes(services: self).add(to: router)
        router.add(middleware: AllowedHosts(settings.allowedHosts))
        router.add(middleware: CORSRules(origins: settings.allowedOrigins))
        let routes = try apiRoutes
        router.add(
            middleware: Authenticator(
                sessions: sessions, settings: settings,
                publicCalls: PublicCalls(routes, pages: DocsRoutes.paths + PageRoutes.publicPaths)))
        let templates = try PageTemplates()
        router.add(middleware: FailurePages(templates: templates, files: files, sessions: sessions))
        router.add(middleware: RefusalTrail(audit: audit, routes: routes))
        router.add(middleware: IdempotencyMiddleware(keys: idempotency, routes: routes))
        for route in routes { router.add(route: route, settings) }
        DocsRoutes(assets: settings.swaggerUI).add(to: router)
        PageRoutes(services: self, templates: templates).add(to: router)
        router.refuseOtherMethods()
        return router
    }
}
