import Foundation
import Imaging
import Kernel
import Rendering
import Storage

/// The content of a printed report, read in one snapshot.
struct ReportPrintSource: Sendable {
    let report: Report
    /// The change of status by printing; `nil` if it does not change.
    let change: ReportChange?
    /// A PDF of the current report.
    let printed: PrintedReport?
    private let result: CaseResult
    private let item: Case
    private let institution: String
    private let lastEdit: ReportEdit?
    private let time: Timestamp

    init(_ scope: Scope, _ id: ID<Report>, at now: Timestamp, in connection: any DatabaseConnection) throws {
        let store = ReportStore(connection)
        report = try store.require(scope, id)
        guard let result = try ResultStore(connection).find(scope, report.resultID) else {
            throw AppError(.notFound, "The report's result is gone.")
        }
        self.result = result
        item = try CaseStore(connection).require(scope, report.caseID)
        let prints = PrintedReportStore(connection)
        institution = try prints.institutionName(scope)
        let edits = try store.edits(scope, of: id)
        lastEdit = edits.last { $0.text != nil }
        // Users who may only read a report can print it without changing its status.
        let mayMove = try report.status == .finalized && store.find(scope, id, for: .writeReport) != nil
        change = mayMove ? try ReportForm(status: Report.Status.exported.rawValue).applied(to: report) : nil
        let revision = report.revision
        printed = change == nil ? try prints.list(scope, of: id).first { $0.revision == revision } : nil
        time = now
    }

    /// The revision that the PDF shows.
    var revision: Int { report.revision + (change == nil ? 0 : 1) }

    /// The picture with the contours.
    var picture: BlobKey? { result.files.first { $0.content == .picture }?.blob }

    /// - Parameter contradictions: `Report.contradictions`.
    func document(picture: Data?, contradictions: [String]) -> ReportDocument {
        ReportDocument(
            title: "Brain MRI: tumour volumetry", institution: institution, facts: facts,
            review: report.findings.filter { $0.kind == .review }.compactMap(\.term),
            checks: ReportDocument.Checks(
                title: report.status.isSigned ? "Checks overridden at signing" : "Contradictions with the measurements",
                remarks: contradictions),
            sections: ReportText.sections(of: report.currentText) + report.addenda.map(ReportText.section),
            measurements: report.findings.measurements, picture: picture,
            pictureCaption:
                "Contours of the regions on \(result.result.referenceModality.displayName), radiological convention: the "
                + "patient's left is on the right of axial and coronal planes.",
            provenance: provenance,
            footer:
                "Report \(report.id), revision \(revision), printed \(time.minute) UTC. \(ReportDocument.notice).",
            watermark: report.status.isSigned ? nil : "DRAFT", printedAt: time.date)
    }

    private var facts: [ReportDocument.Fact] {
        var facts: [ReportDocument.Fact] = [
            .init("Case", report.caseID.string), .init("Patient ID", report.patientID), .init("Patient", patient),
        ]
        if let scan = item.study.date { facts.append(.init("Scan date", scan)) }
        let scanner = [item.scannerType, item.fieldStrength?.rawValue ?? ""].filter { !$0.isEmpty }
        if !scanner.isEmpty { facts.append(.init("Scanner", scanner.joined(separator: ", "))) }
        facts.append(.init("Status", status))
        facts.append(.init("Drafted", "\(report.generatedAt.minute) UTC, generated automatically"))
        if let lastEdit {
            facts.append(
                .init(
                    "Text",
                    "edited \(report.editCount) ×, last by \(lastEdit.editedBy), \(lastEdit.editedAt.minute) UTC"))
        }
        if let signature = report.signature {
            facts.append(.init("Signed", "by \(signature.signedBy), \(signature.signedAt.minute) UTC"))
        }
        if let addendum = report.addenda.last {
            let count = report.addenda.count
            facts.append(
                .init("Addenda", "\(count), last by \(addendum.createdBy), \(addendum.createdAt.minute) UTC"))
        }
        return facts
    }

    private var patient: String {
        let sexes: [Case.Sex: String] = [.male: "male", .female: "female", .other: "other sex"]
        let parts = [item.age.map { "\($0) years" }, item.sex.flatMap { sexes[$0] }].compactMap { $0 }
        return parts.isEmpty ? "age and sex not stated" : parts.joined(separator: ", ")
    }

    private var status: String {
        switch report.status {
        case .draft: "DRAFT – not reviewed"
        case .reviewed: "REVIEWED, not signed"
        case .finalized, .exported: "FINAL"
        }
    }

    private var provenance: [ReportDocument.Fact] {
        let model = result.model
        var facts: [ReportDocument.Fact] = [
            .init("Model", "\(model.name) \(model.version)"), .init("Model digest", model.digest),
            .init("Device, program", "\(result.result.device), NeuroAI \(result.codeVersion)"),
            .init("Measured", "\(result.createdAt.minute) UTC, task \(result.task)"),
            .init("Inputs digest", result.inputsDigest),
        ]
        if let manifest = result.files.first(where: { $0.content == .manifest }) {
            facts.append(.init("Manifest", manifest.sha256))
        }
        return facts
    }

}

extension Timestamp {
    /// `2026-11-23 19:04`
    var minute: String { String(description.prefix(16)).replacing("T", with: " ") }
}
