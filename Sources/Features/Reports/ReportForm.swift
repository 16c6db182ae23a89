import Kernel
import Storage

/// A client's change of a report.
package struct ReportForm: Decodable, Sendable {
    package var finalizedText: String?
    package var editReason: String?
    package var status: String?
    /// Signs despite contradictions found by the check.
    package var acknowledgeChecks: Bool?

    package init(
        finalizedText: String? = nil, editReason: String? = nil, status: String? = nil, acknowledgeChecks: Bool? = nil
    ) {
        self.finalizedText = finalizedText
        self.editReason = editReason
        self.status = status
        self.acknowledgeChecks = acknowledgeChecks
    }

    /// Characters.
    static let textLimit = 50_000
    static let reasonLimit = 2000

    /// The result of applying the form to `report`.
    ///
    /// - Throws: a validation error with all errors; a conflict if it would change signed content.
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
        if isEdited { try Self.require(state.edit()) }
        if let wanted { try Self.require(state.move(to: wanted)) }
        // A signed text is never composed again, whether edited or not.
        let kept = isEdited ? text : state.isSigned ? report.currentText : report.finalizedText
        return ReportChange(
            from: report, status: state.status, text: kept, isEdited: isEdited, reason: reason,
            isAcknowledged: acknowledgeChecks ?? false, hasText: text != nil)
    }

    private static func require(_ answer: ReportState.Answer) throws {
        switch answer {
        case .unchanged, .moved: return
        case .refused(let field, let message): throw AppError.invalid(field, message)
        case .signed:
            throw AppError(.conflict, "The report is signed and no longer changes. Add an addendum instead.")
        }
    }
}

/// A change that the report's state allows.
struct ReportChange: Sendable {
    let from: Report
    let status: Report.Status
    /// The finalized text after the change.
    let text: String?
    let isEdited: Bool
    let reason: String
    let isAcknowledged: Bool
    /// Whether the form contained the whole text: the new status then applies to that text, regardless of who wrote the
    /// previous one.
    let hasText: Bool

    var isNothing: Bool { !isEdited && status == from.status }
    /// Whether it signs the text.
    var isSigning: Bool { status == .finalized && (isEdited || from.status != .finalized) }

    /// For the audit trail.
    ///
    /// - Parameter acknowledged: contradictions that the signer overrode.
    func fields(acknowledged: [String] = []) -> [FieldChange?] {
        [
            .withValues("status", from.status, status),
            isEdited ? .redacted("finalizedText", from.currentText, text) : nil,
            .withValues("acknowledgeChecks", false, !acknowledged.isEmpty),
        ]
    }

    /// - Parameter seen: the revision that the user saw last.
    /// - Throws: a conflict if the status of a text that the user has not seen would change.
    func requireSeen(_ seen: Int?) throws {
        guard !hasText, status != from.status, seen != from.revision else { return }
        throw AppError(
            .conflict,
            "The report has changed since you last loaded it (now revision \(from.revision)). "
                + "Load it again, then repeat the change.")
    }

    var action: String {
        if isSigning { return "report.sign" }
        return status == .exported ? "report.export" : "report.update"
    }
}

/// A change of a report, kept permanently.
package struct ReportEdit: Sendable, Equatable {
    /// Starts at 1.
    package let number: Int
    /// A full name.
    package let editedBy: String
    package let editedAt: Timestamp
    package let reason: String
    /// The report's status after the change.
    package let status: Report.Status
    /// The text, if it was changed.
    package let text: String?
    /// The contradictions that the signer overrode.
    package let acknowledged: [String]
}
