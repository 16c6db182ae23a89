import Kernel
import Storage

/// A patient's examination with its clinical data.
package struct Case: Sendable, Equatable {
    /// The state of a case.
    package enum Status: String, Codable, Sendable, CaseIterable, SQLConvertible {
        case created, uploading, uploaded, processing, completed, failed, archived

        /// The states that a client may set; the service sets the others.
        package static let settable: Set<Status> = [.created, .uploading, .uploaded, .archived]
    }

    /// The patient's sex as in DICOM.
    package enum Sex: String, Codable, Sendable, CaseIterable, SQLConvertible {
        case male = "M"
        case female = "F"
        case other = "O"
    }

    /// The magnetic field strength in tesla.
    package enum FieldStrength: String, Codable, Sendable, CaseIterable, SQLConvertible {
        case oneAndAHalf = "1.5T"
        case three = "3T"
        case seven = "7T"
    }

    /// The priority, as offered by the administration; API clients may send other values.
    package enum Priority: String, Sendable, CaseIterable {
        case low, normal, high, urgent
    }

    package let id: CaseID
    package let institutionID: InstitutionID
    package let createdBy: UserID
    /// The full name of the user in `createdBy`.
    package let author: String
    package var study: ImagingStudy
    package var patientID: String = ""
    /// Years.
    package var age: Int?
    package var sex: Sex?
    package var status = Status.created
    package var fieldStrength: FieldStrength?
    package var scannerType: String = ""
    package var clinicalHistory: String = ""
    package var indication: String = ""
    package var diagnosis: String = ""
    package var priority = defaultPriority
    package var notes: String = ""
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    package var completedAt: Timestamp?
    /// Incremented by every change.
    package var revision: Int64 = 1
    /// Set if the case is deleted and waits to be purged.
    package var deletedAt: Timestamp?
    /// The reasons to review the newest result; empty if there are none, `nil` without a result.
    package var reviewReasons: [String]?
    /// Why the series cannot be segmented together, judged by their geometry; `nil` if they can.
    package var seriesWarning: String?
    /// Whether the warning is not stored: `CaseStore.warned` computes it.
    var lacksSeriesWarning = false

    /// `nil` without a result.
    package var needsReview: Bool? { reviewReasons.map { !$0.isEmpty } }

    static let defaultPriority = Priority.normal.rawValue

    /// The text that searches match.
    var searchText: String {
        CaseField.all.filter { $0.traits.contains(.searched) }.compactMap { $0.value(self).text }
            .joined(separator: "\n").lowercased()
    }

    /// The case for users who may not know the patient: a name derived from the internal id, and no free text except
    /// the scanner's name, which research needs.
    var anonymised: Case {
        var copy = self
        // Every field accepts an empty value.
        for field in CaseField.all where field.traits.contains(.identifying) { try? field.assign(.empty, &copy) }
        copy.study = ImagingStudy(id: study.id)
        copy.patientID = "case-" + id.string.prefix(8)
        if Priority(rawValue: priority) == nil { copy.priority = Self.defaultPriority }
        return copy
    }
}
