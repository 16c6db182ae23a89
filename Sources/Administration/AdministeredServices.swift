import Features
import Kernel
import Storage

/// The features whose objects the administration shows and changes; each enforces its rules and writes its audit
/// entries.
package struct AdministeredServices: Sendable {
    let database: any Database
    let audit: AuditService
    let users: UsersService
    let sessions: SessionsService
    let cases: CasesService
    let images: ImagesService
    let segmentation: SegmentationService
    let models: ModelsService
    let reports: ReportsService

    package init(
        users: UsersService, sessions: SessionsService,
        cases: CasesService, images: ImagesService, segmentation: SegmentationService, models: ModelsService,
        reports: ReportsService
    ) {
        // All share one database and one audit trail.
        database = sessions.database
        audit = cases.audit
        self.users = users
        self.sessions = sessions
        self.cases = cases
        self.images = images
        self.segmentation = segmentation
        self.models = models
        self.reports = reports
    }

    /// The typed id in a page's URL or form.
    static func id<Entity>(_ text: String, of type: ID<Entity>.Type) throws -> ID<Entity> {
        guard let id = ID<Entity>(text) else { throw AppError(.notFound, "Object not found.") }
        return id
    }
}
