/// What may become of a report: draft → reviewed → finalized → exported, as a value without a database.
///
/// A finalized text is what somebody has signed. It changes only with a reason, and then nobody has signed it any longer.
package struct ReportState: Equatable, Sendable {
    /// How the state answers a wish.
    package enum Answer: Equatable, Sendable {
        case unchanged
        case moved
        /// A sentence for the field of the form that it concerns.
        case refused(field: String, String)
    }

    package private(set) var status: Report.Status

    package init(_ status: Report.Status) {
        self.status = status
    }

    /// Whether somebody stands for the text with a signature.
    package var isSigned: Bool { status.isSigned }

    /// The text is another one: whatever was reviewed or signed is to be looked at again.
    package mutating func edit(hasReason: Bool) -> Answer {
        guard !isSigned || hasReason else { return Self.reasonIsMissing }
        guard status != .draft else { return .unchanged }
        status = .draft
        return .moved
    }

    /// Somebody asks for a status.
    package mutating func move(to wanted: Report.Status, hasReason: Bool) -> Answer {
        guard wanted != status else { return .unchanged }
        switch (status, wanted) {
        case (_, .draft), (_, .reviewed):
            guard !isSigned || hasReason else { return Self.reasonIsMissing }
        case (.draft, .finalized), (.reviewed, .finalized), (.finalized, .exported):
            break
        case (.exported, .finalized):
            return .refused(field: "status", "The report has left the house; it stays exported until it is edited.")
        case (_, .exported):
            return .refused(field: "status", "Only a finalized report can be exported; sign it first.")
        case (.finalized, .finalized):
            return .unchanged
        }
        status = wanted
        return .moved
    }

    private static let reasonIsMissing = Answer.refused(
        field: "editReason", "A finalized report is changed for a reason only; state it.")
}

extension Report.Status {
    /// Whether somebody stands for the text with a signature.
    package var isSigned: Bool { self == .finalized || self == .exported }
}
