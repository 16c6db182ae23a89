import Foundation
import Imaging
import Kernel
import Storage

/// A report on one result, starting as an automatic draft.
package struct Report: Sendable, Equatable {
    package enum Status: String, Codable, Sendable, CaseIterable, SQLConvertible {
        case draft, reviewed, finalized, exported
    }

    package let id: ID<Report>
    package let caseID: CaseID
    package let resultID: ID<CaseResult>
    package let patientID: String
    package let status: Status
    /// Incremented by every change.
    package let revision: Int
    package let aiGeneratedText: String
    package let finalizedText: String?
    /// The sentences with the ids of their findings.
    package let draft: ReportDraft
    /// The findings that the sentences cite.
    package let findings: [Finding]
    package let editCount: Int
    package let generatedAt: Timestamp
    package let updatedAt: Timestamp
    /// A full name.
    package let lastEditedBy: String?
    /// `nil` for an unsigned report.
    package let signature: Signature?
    /// Oldest first.
    package var addenda: [ReportAddendum] = []

    /// Who signed a report, and when.
    package struct Signature: Sendable, Equatable {
        /// A full name.
        package let signedBy: String
        package let signedAt: Timestamp
        /// The contradictions that the signer overrode.
        package let overriddenChecks: [String]
    }

    /// The current text: the edited one if there is one.
    package var currentText: String { finalizedText ?? aiGeneratedText }

    /// The text's contradictions of the measurements, and claims beyond them.
    package func checks() async throws -> [ReportRemark] {
        try await ReportRemark.remarks(onLong: currentText, findings)
    }

    /// Of a signed report the contradictions that its signer overrode, which later versions of the check do not change;
    /// of any other those of the current text.
    package func contradictions() async throws -> [String] {
        if status.isSigned { return signature?.overriddenChecks ?? [] }
        return try await checks().filter { $0.kind == .contradiction }.map(\.text)
    }
}

extension Report: Encodable {
    private enum CodingKeys: String, CodingKey {
        case reportId, caseId, patientId, status, aiGeneratedText, finalizedText, findingsJson, editCount
        case generatedAt, updatedAt, lastEditedBy, revision, signedBy, signedAt, addenda
    }

    private struct Evidence: Encodable {
        let findings: [Finding]
        let sentences: [ReportDraft.Sentence]
    }

    /// Every key is always present, null without a value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .reportId)
        try container.encode(caseID, forKey: .caseId)
        try container.encode(patientID, forKey: .patientId)
        try container.encode(status, forKey: .status)
        try container.encode(aiGeneratedText, forKey: .aiGeneratedText)
        try container.encode(finalizedText, forKey: .finalizedText)
        try container.encode(Evidence(findings: findings, sentences: draft.sentences), forKey: .findingsJson)
        try container.encode(editCount, forKey: .editCount)
        try container.encode(generatedAt, forKey: .generatedAt)
        try container.encode(updatedAt, forKey: .updatedAt)
        try container.encode(lastEditedBy, forKey: .lastEditedBy)
        try container.encode(revision, forKey: .revision)
        try container.encode(signature?.signedBy, forKey: .signedBy)
        try container.encode(signature?.signedAt, forKey: .signedAt)
        try container.encode(addenda, forKey: .addenda)
    }
}
