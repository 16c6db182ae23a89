import Basics
import Claims
import Imaging
import Storage

/// A remark on one sentence of a text written by a person. It is a warning; a signer may override it.
package struct ReportRemark: Encodable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// A number, side, location, count or contact that differs from the measurement.
        case contradiction
        /// A statement that the measurements cannot support, such as a diagnosis: the author's judgement.
        case unmeasured
    }

    package let kind: Kind
    /// Numbered from 1, without headings.
    package let sentence: Int
    package let message: String

    package var text: String { "Sentence \(sentence): \(message)." }

    /// The maximum number of sentences read, several times that of a report.
    static let sentenceLimit = 1000
    /// The size in bytes up to which a text is checked in place; longer texts would block an event loop.
    private static let shortText = 4096
    private static let pool = ThreadPool<Void>(name: "text-check", threads: 1) {}

    /// On a separate thread if the text is long.
    package static func remarks(onLong text: String, _ findings: [Finding]) async throws -> [ReportRemark] {
        guard text.utf8.count > shortText else { return remarks(on: text, findings) }
        return try await pool.run { _ in remarks(on: text, findings) }
    }

    /// In text order; empty if the text states only measurements, or nothing about the tumour.
    package static func remarks(on text: String, _ findings: [Finding]) -> [ReportRemark] {
        let (found, isWhole) = ClaimCheck(findings).remarks(on: text, sentences: sentenceLimit)
        let rest = ReportRemark(
            kind: .contradiction, sentence: sentenceLimit + 1,
            message: "The text has too many sentences; it is not checked from here on")
        return found.compactMap(ReportRemark.init) + (isWhole ? [] : [rest])
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
