import Foundation
import Imaging
import Storage

/// Traces each sentence to its measurements, model and files, and to later changes.
package struct ReportTrace: Sendable {
    package let report: Report
    package let result: CaseResult
    /// Oldest first.
    package let edits: [ReportEdit]

    /// A sentence of the draft with its findings.
    package struct Statement: Encodable, Sendable, Equatable {
        package let section: String
        package let text: String
        package let findings: [Finding]
    }

    package var statements: [Statement] {
        let known = Dictionary(report.findings.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return report.draft.sentences.map { sentence in
            Statement(
                section: sentence.section.rawValue, text: sentence.text,
                findings: sentence.findings.compactMap { known[$0] })
        }
    }

    /// Digests of the measured series, from the run's manifest.
    package var inputs: [RunManifest.Input] {
        get throws {
            struct Inputs: Decodable {
                let inputs: [RunManifest.Input]
            }
            do {
                return try JSONDecoder().decode(Inputs.self, from: Data(result.manifest.utf8)).inputs
            } catch {
                throw DatabaseError(.decoding, "Column manifest_json holds no manifest of this version.")
            }
        }
    }

    /// The stored manifest, from which the run can be reproduced bit by bit.
    package var manifest: ResultFile? { result.files.first { $0.content == .manifest } }
}
