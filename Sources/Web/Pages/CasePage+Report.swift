import Features

extension CasePage {
    /// A report on the case page.
    struct ReportText: Sendable {
        /// An addendum below a signed text.
        struct Addendum: Sendable {
            let number: Int
            let text: String
            let reason: String
            let author: String
            let time: String
        }

        struct Checks: Sendable {
            let title: String
            let remarks: [String]
        }

        let id: String
        let heading: String
        /// The current text: the edited one if there is one.
        let text: String
        /// The last editor; `nil` for an unedited draft.
        let editor: String?
        /// `nil` for an unsigned report.
        let signature: String?
        /// Contradictions with the measurements: overridden by the signer, or open in a draft.
        let checks: Checks?
        let addenda: [Addendum]
        let pdf: String
        /// Older drafts are collapsed; the newest report and signed ones are not.
        let isOpen: Bool

        /// - Parameter contradictions: `Report.contradictions`.
        init(_ report: Report, contradictions: [String], isNewest: Bool) {
            id = report.id.string
            let drafted = Format.time(report.generatedAt.description)
            heading =
                switch report.status {
                case .draft: "Report draft of \(drafted)"
                case .reviewed: "Report draft of \(drafted), reviewed but not signed"
                case .finalized, .exported: "Signed report"
                }
            text = report.currentText
            editor = report.editCount > 0 ? report.lastEditedBy : nil
            signature = report.signature.map { "\($0.signedBy), \(Format.time($0.signedAt.description))" }
            checks =
                contradictions.isEmpty
                ? nil
                : Checks(
                    title: report.status.isSigned
                        ? "Checks overridden at signing" : "Contradictions with the measurements",
                    remarks: contradictions)
            addenda = report.addenda.map {
                Addendum(
                    number: $0.number, text: $0.text, reason: $0.reason, author: $0.createdBy,
                    time: Format.time($0.createdAt.description))
            }
            pdf = "/api/reports/\(report.id)/export/"
            isOpen = isNewest || report.status.isSigned
        }
    }
}
