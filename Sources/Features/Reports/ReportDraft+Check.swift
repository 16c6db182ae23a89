import Claims
import Imaging
import Kernel

extension ReportDraft {
    /// What is wrong with one sentence; it names the sentence by its place and holds nothing of the patient.
    package struct Fault: LoggableError, Equatable {
        /// From 1 on.
        package let sentence: Int
        package let reason: String

        package var description: String { "Sentence \(sentence): \(reason)." }
    }

    /// Every claim that the findings cited by its sentence do not support, so that nothing unmeasured reaches a reader. Empty for a
    /// sound draft.
    package func faults(against findings: [Finding]) -> [Fault] {
        let check = ClaimCheck(findings)
        return sentences.enumerated().flatMap { index, sentence in
            check.faults(in: sentence.text, citing: sentence.findings).map { Fault(sentence: index + 1, reason: $0) }
        }
    }
}
