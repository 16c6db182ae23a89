import Administration
import Features
import Hummingbird
import Kernel

/// All services of the program; each group of routes receives the ones that it needs.
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
    package let events: EventsService
    /// `nil` if no provider is configured.
    package let singleSignOn: SingleSignOnService?
    /// Counts requests.
    let requests = RequestMetrics()
    package let settings: WebSettings

    package init(
        users: UsersService, cases: CasesService, images: ImagesService, uploads: UploadsService,
        segmentation: SegmentationService, models: ModelsService, reports: ReportsService,
        reportExport: ReportExportService, feedback: FeedbackService, expertMasks: ExpertMasksService,
        files: FilesService, audit: AuditService, idempotency: IdempotencyService,
        sessions: SessionsService, settings: WebSettings, operations: OperationsService, events: EventsService,
        singleSignOn: SingleSignOnService? = nil
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
        self.events = events
        self.singleSignOn = singleSignOn
        self.settings = settings
    }
}

extension WebServices {
    /// The administration of all services.
    var admin: AdminService {
        AdminService(
            AdministeredServices(
                users: users, sessions: sessions, cases: cases, images: images, segmentation: segmentation,
                models: models, reports: reports))
    }

    /// Every call of the API.
    var apiRoutes: [APIRoute] {
        get throws {
            // One per line, in the order of the documentation.
            let routes = [
                HealthRoutes(operations: operations, settings: settings).all,
                UserRoutes(users: users, sessions: sessions).all,
                SessionRoutes(sessions: sessions).all,
                SecondFactorRoutes(factors: sessions.secondFactors).all,
                InvitationRoutes(settings: settings, invitations: users.invitations).all,
                InstitutionRoutes(institutions: users.institutions).all,
                CaseRoutes(cases: cases, images: images, segmentation: segmentation, files: files, settings: settings)
                    .all,
                ShareRoutes(shares: cases.shares).all,
                UploadRoutes(images: images, files: files, settings: settings).all,
                ResumableUploadRoutes(uploads: uploads, settings: settings).all,
                InferenceRoutes(segmentation: segmentation, files: files, settings: settings).all,
                ExpertMaskRoutes(images: images, expertMasks: expertMasks, settings: settings).all,
                ModelRoutes(models: models, settings: settings).all,
                ReportRoutes(reports: reports, settings: settings).all,
                ReportEditRoutes(reports: reports, files: files, settings: settings).all,
                ReportAddendumRoutes(reports: reports).all,
                ReportExportRoutes(reportExport: reportExport, files: files, settings: settings).all,
                FeedbackRoutes(feedback: feedback, settings: settings).all,
                FileRoutes(files: files).all,
                EventRoutes(events: events, sessions: sessions).all,
                AuditRoutes(audit: audit, settings: settings).all,
            ].flatMap(\.self)
            return routes + (try SchemaRoutes.all(with: routes, settings))
        }
    }

    /// Every route of the service.
    package func router() throws -> Router<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: EdgeMiddleware(settings, requests: requests))
        // First: its token is not a session, and Prometheus may use any host name.
        MetricsRoutes(
            operations: operations, settings: settings, requests: requests, events: events.feed,
            signIns: sessions.refusals
        ).add(to: router)
        router.add(middleware: AllowedHosts(settings.allowedHosts))
        router.add(middleware: CORSRules(origins: settings.allowedOrigins))
        let routes = try apiRoutes + EventSocketRoutes(events: events).all
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
        PageRoutes(
            users: users, sessions: sessions, cases: cases, images: images, segmentation: segmentation,
            reports: reports,
            files: files, singleSignOn: singleSignOn, settings: settings, templates: templates
        ).add(to: router)
        if let singleSignOn {
            SingleSignOnRoutes(
                singleSignOn: singleSignOn, users: users, settings: settings, templates: templates
            ).add(to: router)
        }
        AccountRoutes(
            users: users, sessions: sessions, factors: sessions.secondFactors, templates: templates
        ).add(to: router)
        AdminRoutes(
            users: users, sessions: sessions, settings: settings, admin: admin, templates: templates
        ).add(to: router)
        router.refuseOtherMethods()
        return router
    }
}
