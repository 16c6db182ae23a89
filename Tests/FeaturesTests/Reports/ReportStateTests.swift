import Testing

@testable import Features

struct ReportStateTests {
    /// From, to, with a reason → what is left; a star where it is refused.
    private static let table = """
        draft draft=draft reviewed=reviewed finalized=finalized exported=*
        reviewed draft=draft reviewed=reviewed finalized=finalized exported=*
        finalized draft=draft reviewed=reviewed finalized=finalized exported=exported
        exported draft=draft reviewed=reviewed finalized=* exported=exported
        """

    private static let statuses: [Report.Status] = [.draft, .reviewed, .finalized, .exported]

    @Test func theTableIsTheOneAgreedOn() {
        let lines = Self.statuses.map { from in
            ([from.rawValue]
                + Self.statuses.map { to in
                    var state = ReportState(from)
                    if case .refused = state.move(to: to, hasReason: true) { return "\(to.rawValue)=*" }
                    return "\(to.rawValue)=\(state.status.rawValue)"
                }).joined(separator: " ")
        }
        #expect(lines.joined(separator: "\n") == Self.table)
    }

    @Test(arguments: [Report.Status.finalized, .exported]) func aSignatureIsNotTakenBackSilently(
        _ status: Report.Status
    ) {
        for wanted in [Report.Status.draft, .reviewed] {
            var state = ReportState(status)
            guard case .refused("editReason", _) = state.move(to: wanted, hasReason: false) else {
                Issue.record("taken back without a reason")
                return
            }
            #expect(state.status == status)
        }
        var state = ReportState(status)
        guard case .refused("editReason", _) = state.edit(hasReason: false) else {
            Issue.record("edited without a reason")
            return
        }
        #expect(state.edit(hasReason: true) == .moved && state.status == .draft)
    }

    @Test func anEditedTextIsADraftAgain() {
        var state = ReportState(.reviewed)
        #expect(state.edit(hasReason: false) == .moved && state.status == .draft)
        #expect(state.edit(hasReason: false) == .unchanged && state.status == .draft)
    }
}
