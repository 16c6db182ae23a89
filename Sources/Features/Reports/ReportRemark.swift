import Basics
import Claims
import Imaging
import Storage

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

    /// As many as are read of one text, several times what a report has.
    static let sentenceLimit = 1000
    /// Bytes up to which a text is read where it is; a longer one would keep an event loop from serving others.
    private static let shortText = 4096
    private static let pool = ThreadPool<Void>(name: "text-check", threads: 1) {}

    /// On a thread of its own where the text is long.
    package static func remarks(onLong text: String, _ findings: [Finding]) async throws -> [ReportRemark] {
        guard text.utf8.count > shortText else { return remarks(on: text, findings) }
        return try await pool.run { _ in remarks(on: text, findings) }
    }

    /// In the order of the text; empty for a text that says what was measured, or nothing of the tumour.
    package static func remarks(on text: String, _ findings: [Finding]) -> [ReportRemark] {
        let (found, isWhole) = ClaimCheck(assessed(findings)).remarks(on: text, sentences: sentenceLimit)
        let rest = ReportRemark(
            kind: .contradiction, sentence: sentenceLimit + 1,
            message: "the text has too many sentences; it is not checked from here on")
        return found.compactMap(ReportRemark.init) + (isWhole ? [] : [rest])
    }

    /// Without T1CE the empty mask of the enhancing tumour measures nothing.
    private static func assessed(_ findings: [Finding]) -> [Finding] {
        let isAssessed = !findings.contains {
            $0.kind == .enhancement && $0.term == Enhancement.Answer.notAssessed.rawValue
        }
        guard !isAssessed else { return findings }
        return findings.filter { $0.measuredRegion != .enhancingTumour || $0.kind == .enhancement }
    }

    private init(kind: Kind, sentence: Int, message: String) {
        self.kind = kind
        self.sentence = sentence
        self.message = message
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
