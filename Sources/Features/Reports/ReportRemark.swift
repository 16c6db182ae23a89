import Claims
import Imaging

/// What is odd in one sentence of a text that a person wrote. It warns; a signer may stand by the text all the same.
package struct ReportRemark: Encodable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// A number, a side, a place, a count or a contact that differs from what was measured.
        case contradiction
        /// Something that no measurement of ours can carry, such as a diagnosis: its author's own judgement.
        case unmeasured
    }

    package let kind: Kind
    /// From 1 on, headings not counted.
    package let sentence: Int
    package let message: String

    package var text: String { "Sentence \(sentence): \(message)." }

    /// In the order of the text; empty for a text that says what was measured, or nothing of the tumour.
    package static func remarks(on text: String, _ findings: [Finding]) -> [ReportRemark] {
        ClaimCheck(findings).remarks(on: text).compactMap(ReportRemark.init)
    }

    private init?(_ remark: ClaimCheck.Remark) {
        switch (remark.verdict, remark.kind) {
        case (.contradicted, _): kind = .contradiction
        case (.unsupported, .judgement), (.unsupported, .quantity), (.unsupported, .share): kind = .unmeasured
        case (.supported, _), (.unsupported, _): return nil
        }
        sentence = remark.sentence
        message = remark.reason
    }
}
