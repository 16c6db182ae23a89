import Features
import Foundation
import Imaging
import Kernel

/// The list of cases.
struct WorklistPage: Sendable {
    struct Row: Sendable {
        let id: String
        let patient: String
        let age: String
        let sex: String
        let status: String
        let needsReview: Bool
        /// The reasons for review.
        let reasons: String
        let seriesWarning: String?
        let author: String
        let created: String
    }

    let title = "Cases"
    let userName: String
    let rows: [Row]
    let isEmpty: Bool
    let search: String
    /// Whether only cases that need review are shown.
    let isReviewList: Bool
    let errors: [String]
    let countWords: String
    /// Whether a search or the review filter is set.
    let isFiltered: Bool
    let previous: Int?
    let next: Int?

    /// Whether the page links to the administration.
    let mayAdminister: Bool
    /// The form for a new case; `nil` if the user may not create one.
    var newCase: NewCase?

    init(user: User, cases: Page<Case>, query: CaseQuery, errors: [String], scope: Scope) {
        mayAdminister = Policy.reach(of: .administer, scope) != .nothing
        newCase = Policy.reach(of: .createCase, scope) == .nothing ? nil : NewCase(PageRoutes.NewCaseForm())
        userName = user.fullName
        rows = cases.items.map { item in
            Row(
                id: item.id.string, patient: item.patientID, age: item.age.map(String.init) ?? "",
                sex: item.sex.map(Format.sex) ?? "", status: item.status.rawValue,
                needsReview: item.needsReview == true,
                reasons: item.reviewReasons?.joined(separator: " ") ?? "", seriesWarning: item.seriesWarning,
                author: item.author, created: Format.time(item.createdAt.description))
        }
        isEmpty = rows.isEmpty
        search = query.search ?? ""
        isReviewList = query.needsReview == true
        self.errors = errors
        let count = cases.count ?? rows.count
        countWords = count == 1 ? "1 case" : "\(count) cases"
        isFiltered = !search.isEmpty || isReviewList
        var number = 1
        if case .page(let page, _) = query.window { number = page }
        previous = number > 1 ? number - 1 : nil
        next = cases.hasNext ? number + 1 : nil
    }
}

/// A case with all its data.
struct CasePage: Sendable {
    struct Series: Sendable {
        let code: String
        let name: String
        let isPresent: Bool
        let facts: String
        let url: String
        /// The reason it cannot be segmented together with the others; `nil` if it can.
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
        var canCancel = true
        /// The reason of the failure; `nil` if it did not fail.
        let error: String?
    }

    /// Whether the user may replace series.
    private(set) var mayUpload = true
    let title: String
    let userName: String
    let id: String
    let patient: String
    /// `61 years, female`, as far as known.
    let person: String?
    let status: String
    let author: String
    let created: String
    let indication: String?
    /// Why the series cannot be segmented together; `nil` if they can.
    let seriesWarning: String?
    let series: [Series]
    private(set) var canStart: Bool
    /// The label of the button for starting a segmentation.
    let startTitle: String
    private(set) var task: TaskState?
    let result: ResultNumbers?
    let picture: String?
    let downloads: [Download]
    /// Newest first; signed ones are kept beside the drafts of later runs.
    let reports: [ReportText]
    /// Whether a report is signed, so that another run or other series require confirmation.
    let isSigned: Bool

    init(
        user: User, item: Case, images: [MRIImage], task: InferenceTask?, found: CaseResult?,
        reports: [(report: Report, contradictions: [String])], scope: Scope, links: FilesService
    ) {
        title = "Case \(item.patientID)"
        userName = user.fullName
        id = item.id.string
        patient = item.patientID
        let known = [item.age.map(Format.years), item.sex.map { Format.sex($0).lowercased() }].compactMap(\.self)
        person = known.isEmpty ? nil : known.joined(separator: ", ")
        status = item.status.rawValue
        author = item.author
        created = Format.time(item.createdAt.description)
        seriesWarning = item.seriesWarning
        indication = item.indication.isEmpty ? nil : item.indication
        series = MRISequence.allCases.map { sequence in
            Series(sequence, images.first { $0.modality == sequence }, scope, links)
        }
        self.task = task.map(TaskState.init)
        canStart = !images.isEmpty && item.status != .processing
        startTitle = task == nil ? "Run segmentation" : "Run again"
        result = found.map { ResultNumbers($0, reasons: item.reviewReasons) }
        picture = found?.files.first { $0.content == .picture }.map { links.path(scope, $0) }
        downloads = (found?.files ?? []).map {
            Download(name: $0.name, url: links.path(scope, $0), size: Format.size($0.size))
        }
        self.reports = reports.enumerated().map { index, item in
            ReportText(item.report, contradictions: item.contradictions, isNewest: index == 0)
        }
        isSigned = reports.contains(where: \.report.status.isSigned)
    }
}

extension CasePage {
    /// Removes what the user may not do.
    mutating func offer(_ allowed: Set<Action>) {
        mayUpload = allowed.contains(.uploadImage)
        let mayStart = allowed.contains(.startInference)
        canStart = canStart && mayStart
        task?.canCancel = mayStart
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
                return [size, Format.spacing(image.spacing), Format.size(image.fileSize)].map(Format.unbroken)
                    .joined(separator: " · ")
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
        isActive = task.status == .pending || task.status == .running
        let ended = task.completedAt.map { "at \(Format.time($0.description))" }
        step = (isActive ? task.currentStep : ended) ?? ""
        error = task.errorMessage
    }
}

/// Values in display format.
enum Format {
    /// ISO-8601 without seconds.
    static func time(_ text: String) -> String {
        text.prefix(16).replacing("T", with: " ") + " UTC"
    }

    /// With seconds, if the order of events matters.
    static func moment(_ text: String) -> String {
        text.prefix(19).replacing("T", with: " ") + " UTC"
    }

    /// Decimal units, as in file managers and browsers.
    static func size(_ bytes: Int64) -> String {
        bytes < 1_000_000
            ? String(format: "%.0f kB", Double(bytes) / 1e3) : String(format: "%.1f MB", Double(bytes) / 1e6)
    }

    /// `1 mm isotropic`, or the spacing along each axis.
    static func spacing(_ millimetres: [Double]) -> String {
        let texts = millimetres.map { String(format: "%.2f", $0).replacing(/\.?0+$/, with: "") }
        return Set(texts).count == 1 ? "\(texts[0]) mm isotropic" : "\(texts.joined(separator: " × ")) mm"
    }

    /// With no-break spaces, so that no line ends between a number and its unit.
    static func unbroken(_ text: String) -> String { text.replacing(" ", with: "\u{A0}") }

    static func years(_ age: Int) -> String { unbroken(age == 1 ? "1 year" : "\(age) years") }

    static func sex(_ sex: Case.Sex) -> String {
        switch sex {
        case .female: "Female"
        case .male: "Male"
        case .other: "Other"
        }
    }
}
