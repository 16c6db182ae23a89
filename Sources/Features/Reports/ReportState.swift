/// The state machine of a report: draft → reviewed → finalized → exported, as a value without a database.
///
/// A finalized report is signed. Its text never changes and it never becomes a draft again; corrections are addenda.
package struct ReportState: Equatable, Sendable {
    /// The result of a transition.
    package enum Answer: Equatable, Sendable {
        case unchanged
        case moved
        /// An error for the form's field.
        case refused(field: String, String)
        /// The report is signed.
        case signed
    }

    package private(set) var status: Report.Status

    package init(_ status: Report.Status) {
        self.status = status
    }

    /// Whether the text is signed.
    package var isSigned: Bool { status.isSigned }

    /// The text has changed: a review must be repeated.
    package mutating func edit() -> Answer {
        guard !isSigned else { return .signed }
        guard status != .draft else { return .unchanged }
        status = .draft
        return .moved
    }

    /// A status is requested.
    package mutating func move(to wanted: Report.Status) -> Answer {
        guard wanted != status else { return .unchanged }
        switch (status, wanted) {
        case (.finalized, .draft), (.finalized, .reviewed), (.exported, .draft), (.exported, .reviewed):
            return .signed
        case (.exported, .finalized):
            return .refused(field: "status", "An exported report stays exported.")
        case (.draft, .exported), (.reviewed, .exported):
            return .refused(field: "status", "Only a signed report can be exported. Sign it first.")
        case (_, .draft), (_, .reviewed), (_, .finalized), (_, .exported):
            status = wanted
            return .moved
        }
    }
}

extension Report.Status {
    /// Whether the text is signed.
    package var isSigned: Bool { self == .finalized || self == .exported }
}
