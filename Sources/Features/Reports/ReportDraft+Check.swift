import Claims
import Imaging
import Kernel

extension ReportDraft {
    /// A fault of one sentence; it identifies the sentence by number and contains no patient data.
    package struct Fault: LoggableError, Equatable {
        /// Starts at 1.
        package let sentence: Int
        package let reason: String

        package var description: String { "Sentence \(sentence): \(reason)." }
    }

    /// Claims that their sentence's cited findings do not support, so that nothing unmeasured reaches a reader. Empty
    /// for a sound draft.
    package func faults(against findings: [Finding]) -> [Fault] {
        let check = ClaimCheck(findings)
        return sentences.enumerated().flatMap { index, sentence in
            check.faults(in: sentence.text, citing: sentence.findings).map { Fault(sentence: index + 1, reason: $0) }
        }
    }
}
