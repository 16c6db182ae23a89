import Storage

/// What a client may change of a report.
package struct ReportForm: Decodable, Sendable {
    package var finalizedText: String?
    package var editReason: String?
    package var status: String?
    /// Signs although the check of the text found contradictions.
    package var acknowledgeChecks: Bool?

    package init(
        finalizedText: String? = nil, editReason: String? = nil, status: String? = nil, acknowledgeChecks: Bool? = nil
    ) {
        self.finalizedText = finalizedText
        self.editReason = editReason
        self.status = status
        self.acknowledgeChecks = acknowledgeChecks
    }

    private static let textLimit = 50_000
    private static let reasonLimit = 2000

    /// What the form makes of `report`.
    ///
    /// - Throws: a validation error with all that is wrong.
    func applied(to report: Report) throws -> ReportChange {
        var check = Validation()
        let reason = check.text("editReason", editReason, atMost: Self.reasonLimit)
        let text = finalizedText.map { check.text("finalizedText", $0, required: true, atMost: Self.textLimit) }
        let wanted = status.flatMap { Report.Status(rawValue: $0) }
        if status != nil && wanted == nil {
            check.add("status", "The status is one of draft, reviewed, finalized, exported.")
        }
        try check.finish()
        var state = ReportState(report.status)
        let isEdited = text.map { $0 != report.currentText.trimmed } ?? false
        if isEdited, case .refused(let field, let message) = state.edit(hasReason: !reason.isEmpty) {
            check.add(field, message)
        } else if let wanted, case .refused(let field, let message) = state.move(to: wanted, hasReason: !reason.isEmpty)
        {
            check.add(field, message)
        }
        try check.finish()
        // A signature stands below a text that nothing writes anew later on, edited or not.
        let kept = isEdited ? text : state.isSigned ? report.currentText : report.finalizedText
        return ReportChange(
            from: report, status: state.status, text: kept, isEdited: isEdited, reason: reason,
            isAcknowledged: acknowledgeChecks ?? false)
    }
}

/// A change of a report that its state allows.
struct ReportChange: Sendable {
    let from: Report
    let status: Report.Status
    /// The finalized text after it.
    let text: String?
    let isEdited: Bool
    let reason: String
    let isAcknowledged: Bool

    var isNothing: Bool { !isEdited && status == from.status }
    /// Whether it puts a signature below the text.
    var isSigning: Bool { status == .finalized && (isEdited || from.status != .finalized) }

    /// For the audit trail.
    var fields: [FieldChange?] {
        [.told("status", from.status, status), isEdited ? .named("finalizedText", from.currentText, text) : nil]
    }

    var action: String {
        if isSigning { return "report.sign" }
        return status == .exported ? "report.export" : "report.update"
    }
}

/// One change of a report, as kept for ever.
package struct ReportEdit: Sendable, Equatable {
    /// 1 is the first.
    package let number: Int
    /// A full name.
    package let editedBy: String
    package let editedAt: Timestamp
    package let reason: String
    /// The report's status after it.
    package let status: Report.Status
    /// The text, where it was changed.
    package let text: String?
    /// What the check of the text had found and the signer signed all the same.
    package let acknowledged: [String]
}
