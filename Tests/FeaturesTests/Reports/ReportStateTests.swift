import Testing

@testable import Features

struct ReportStateTests {
    /// From, to → new status; * if rejected, "signed" if a signature prevents it.
    private static let table = """
        draft draft=draft reviewed=reviewed finalized=finalized exported=*
        reviewed draft=draft reviewed=reviewed finalized=finalized exported=*
        finalized draft=signed reviewed=signed finalized=finalized exported=exported
        exported draft=signed reviewed=signed finalized=* exported=exported
        """

    private static let statuses: [Report.Status] = [.draft, .reviewed, .finalized, .exported]

    @Test func theTableIsTheOneAgreedOn() {
        let lines = Self.statuses.map { from in
            ([from.rawValue]
                + Self.statuses.map { to in
                    var state = ReportState(from)
                    switch state.move(to: to) {
                    case .refused: return "\(to.rawValue)=*"
                    case .signed: return "\(to.rawValue)=signed"
                    case .moved, .unchanged: return "\(to.rawValue)=\(state.status.rawValue)"
                    }
                }).joined(separator: " ")
        }
        #expect(lines.joined(separator: "\n") == Self.table)
    }

    @Test(arguments: [Report.Status.finalized, .exported]) func aSignedTextIsNotEdited(_ status: Report.Status) {
        var state = ReportState(status)
        #expect(state.edit() == .signed && state.status == status)
    }

    @Test func anEditedTextIsADraftAgain() {
        var state = ReportState(.reviewed)
        #expect(state.edit() == .moved && state.status == .draft)
        #expect(state.edit() == .unchanged && state.status == .draft)
    }
}
