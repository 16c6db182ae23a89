import Features

extension CasePage {
    /// The newest report as the page shows it.
    struct ReportText: Sendable {
        let heading: String
        /// The text that is in force: the edited one where there is one.
        let text: String
        /// Who edited it last; nil for a text of the software alone.
        let editor: String?
        let pdf: String

        init(_ report: Report) {
            heading =
                switch report.status {
                case .draft: "Report draft"
                case .reviewed: "Report, reviewed but not signed"
                case .finalized, .exported: "Report, signed"
                }
            text = report.currentText
            editor = report.editCount > 0 ? report.lastEditedBy : nil
            pdf = "/api/reports/\(report.id)/export/"
        }
    }
}
