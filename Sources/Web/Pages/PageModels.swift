import Features
import Foundation
import Imaging

/// Login, registration and failures.
struct SignInPage: Sendable {
    let title: String
    let errors: [String]
    let email: String
    /// The secret of an invitation's link; with it the role is fixed.
    let invitation: String?

    init(title: String = "Sign in", errors: [String] = [], _ email: String? = nil, invitation: String? = nil) {
        self.title = title
        self.errors = errors
        self.email = email ?? ""
        self.invitation = invitation
    }
}

/// The list of cases.
struct WorklistPage: Sendable {
    struct Row: Sendable {
        let id: String
        let patient: String
        let age: String
        let sex: String
        let status: String
        let author: String
        let created: String
    }

    let title = "Cases"
    let userName: String
    let rows: [Row]
    let isEmpty: Bool
    let search: String
    let errors: [String]
    let count: Int
    let previous: Int?
    let next: Int?

    /// Whether the page leads to the administration.
    let mayAdminister: Bool

    init(user: User, cases: Page<Case>, query: CaseQuery, errors: [String], mayAdminister: Bool) {
        self.mayAdminister = mayAdminister
        userName = user.fullName
        rows = cases.items.map { item in
            Row(
                id: item.id.string, patient: item.patientID, age: item.age.map(String.init) ?? "",
                sex: item.sex?.rawValue ?? "", status: item.status.rawValue, author: item.author,
                created: Shown.time(item.createdAt.description))
        }
        isEmpty = rows.isEmpty
        search = query.search ?? ""
        self.errors = errors
        count = cases.count ?? rows.count
        var number = 1
        if case .page(let page, _) = query.window { number = page }
        previous = number > 1 ? number - 1 : nil
        next = cases.hasNext ? number + 1 : nil
    }
}

/// One case with all that is known of it.
struct CasePage: Sendable {
    struct Series: Sendable {
        let code: String
        let name: String
        let isPresent: Bool
        let facts: String
        let url: String
        /// Why it cannot be segmented together with the others; nil where it can.
        let problem: String?
    }

    struct Download: Sendable {
        let name: String
        let url: String
        let size: String
    }

    struct TaskState: Sendable {
        let id: String
        let status: String
        let percentage: Int
        let step: String
        let isActive: Bool
        /// Why it failed; nil where it did not.
        let error: String?
    }

    let title: String
    let userName: String
    let id: String
    let patient: String
    let age: String
    let sex: String
    let status: String
    let author: String
    let created: String
    let indication: String?
    let series: [Series]
    let canStart: Bool
    let task: TaskState?
    let result: ResultNumbers?
    let picture: String?
    let downloads: [Download]
    /// The newest first; a signed one stays beside the drafts of later runs.
    let reports: [ReportText]
    /// Whether a report is signed, so that starting again and other series are asked about first.
    let isSigned: Bool

    init(
        user: User, item: Case, images: [MRIImage], task: InferenceTask?, found: CaseResult?, reports: [Report],
        scope: Scope, links: FilesService
    ) {
        title = "Case \(item.patientID)"
        userName = user.fullName
        id = item.id.string
        patient = item.patientID
        age = item.age.map(String.init) ?? ""
        sex = item.sex?.rawValue ?? ""
        status = item.status.rawValue
        author = item.author
        created = Shown.time(item.createdAt.description)
        indication = item.indication.isEmpty ? nil : item.indication
        series = MRISequence.allCases.map { sequence in
            Series(sequence, images.first { $0.modality == sequence }, scope, links)
        }
        self.task = task.map(TaskState.init)
        canStart = !images.isEmpty && item.status != .processing
        result = found.map { ResultNumbers($0) }
        picture = found?.files.first { $0.content == .picture }.map { links.path(scope, $0) }
        downloads = (found?.files ?? []).map {
            Download(name: $0.name, url: links.path(scope, $0), size: Shown.size($0.size))
        }
        self.reports = reports.enumerated().map { ReportText($1, isNewest: $0 == 0) }
        isSigned = reports.contains(where: \.status.isSigned)
    }
}

extension CasePage.Series {
    fileprivate init(_ sequence: MRISequence, _ image: MRIImage?, _ scope: Scope, _ links: FilesService) {
        code = sequence.rawValue
        name = sequence.displayName
        isPresent = image != nil
        facts =
            image.map { image in
                let size = image.dimensions.map(String.init).joined(separator: " × ")
                let spacing = image.spacing.map { String(format: "%.2f", $0) }.joined(separator: " × ")
                return "\(size) voxels of \(spacing) mm, \(Shown.size(image.fileSize))"
            } ?? ""
        url = image.map { links.path(scope, $0) } ?? ""
        problem = image?.problem
    }
}

extension CasePage.TaskState {
    fileprivate init(_ task: InferenceTask) {
        id = task.id.string
        status = task.status.rawValue
        percentage = task.percentage
        step = task.currentStep ?? ""
        isActive = task.status == .pending || task.status == .running
        error = task.errorMessage
    }
}

/// A result's measurements in words and digits.
struct ResultNumbers: Sendable {
    struct Region: Sendable {
        let name: String
        let volume: String
        let confidence: String
        /// The Dice that the model foretells; a dash where it foretells none.
        let expected: String
        let note: String
    }

    struct LesionRow: Sendable {
        let number: Int
        let side: String
        /// Structures of the atlas that hold at least a tenth of it.
        let place: String
        let volume: String
        let diameter: String
        let axial: String
        let midline: String
    }

    let model: String
    let reference: String
    let regions: [Region]
    let lesions: [LesionRow]
    let hasLesions: Bool
    /// Nil where the model has no gate.
    let gates: String?
    let convention: String
    /// Why a person must look first.
    let reasons: [String]
    /// Measured on images that have been replaced since.
    let isStale: Bool

    init(_ found: CaseResult) {
        let result = found.result
        model = result.modelVersion
        reference = result.referenceModality.displayName
        regions = TumourRegion.allCases.map { region in
            Region(
                name: region.shownName,
                volume: String(format: "%.2f", result.volumesMillilitres[region] ?? 0),
                confidence: result.confidenceScores[region].map { String(format: "%.2f", $0) } ?? "none found",
                expected: result.expectedDice?[region].map { String(format: "%.2f", $0) } ?? "–",
                note: result.reliability.first { $0.region == region && !$0.isReliable }?.note ?? "")
        }
        lesions = result.lesions.map(LesionRow.init)
        hasLesions = !lesions.isEmpty
        let weights = result.availableModalities.compactMap { sequence in
            result.gatingWeights[sequence].map { "\(sequence.displayName) \(String(format: "%.2f", $0))" }
        }
        gates = weights.isEmpty ? nil : weights.joined(separator: ", ")
        convention = result.labelConvention
        isStale = found.isStale
        reasons = result.review?.reasons ?? []
    }
}

extension ResultNumbers.LesionRow {
    fileprivate init(_ lesion: Lesion) {
        number = lesion.number
        side = lesion.side.rawValue
        let places = lesion.locations.filter { $0.share >= 0.1 }
        place =
            places.isEmpty
            ? "not stated"
            : places.map { String(format: "%@ %.0f %%", $0.structure.name, 100 * $0.share) }.joined(separator: ", ")
        volume = String(format: "%.2f", (lesion.volumes[.wholeTumour] ?? 0) / 1000)
        diameter = String(format: "%.0f", lesion.maximumDiameter)
        axial = String(format: "%.0f × %.0f", lesion.axialDiameter, lesion.perpendicularDiameter)
        midline = lesion.touchesMidline ? "yes" : "no"
    }
}

extension TumourRegion {
    fileprivate var shownName: String {
        switch self {
        case .wholeTumour: "Whole tumour (WT)"
        case .tumourCore: "Tumour core (TC)"
        case .enhancingTumour: "Enhancing tumour (ET)"
        }
    }
}

/// Values as people read them.
enum Shown {
    /// ISO-8601 without its seconds.
    static func time(_ text: String) -> String {
        text.prefix(16).replacing("T", with: " ") + " UTC"
    }

    static func size(_ bytes: Int64) -> String {
        bytes < 1_048_576
            ? String(format: "%.0f KiB", Double(bytes) / 1024) : String(format: "%.1f MiB", Double(bytes) / 1_048_576)
    }
}
