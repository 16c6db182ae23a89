import Kernel
import Storage

/// A patient's examination with what the clinic knows of it.
package struct Case: Sendable, Equatable {
    /// Where a case stands.
    package enum Status: String, Codable, Sendable, CaseIterable, SQLConvertible {
        case created, uploading, uploaded, processing, completed, failed, archived

        /// Those that a client may set; the service owns the others.
        package static let settable: Set<Status> = [.created, .uploading, .uploaded, .archived]
    }

    /// The patient's sex as DICOM writes it.
    package enum Sex: String, Codable, Sendable, CaseIterable, SQLConvertible {
        case male = "M"
        case female = "F"
        case other = "O"
    }

    /// The magnet's strength in tesla.
    package enum FieldStrength: String, Codable, Sendable, CaseIterable, SQLConvertible {
        case oneAndAHalf = "1.5T"
        case three = "3T"
        case seven = "7T"
    }

    /// How soon it is wanted, as the administration offers it; clients of the API may send other words.
    package enum Priority: String, Sendable, CaseIterable {
        case low, normal, high, urgent
    }

    package let id: CaseID
    package let institutionID: InstitutionID
    package let createdBy: UserID
    /// The full name of `createdBy`.
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
    /// Rises with every change.
    package var revision: Int64 = 1
    /// Set where the case is deleted and waits to be purged.
    package var deletedAt: Timestamp?
    /// Why a person must look at the newest result first; empty where nothing was found, nil where there is no result.
    package var reviewReasons: [String]?

    /// Nil where there is no result.
    package var needsReview: Bool? { reviewReasons.map { !$0.isEmpty } }

    static let defaultPriority = Priority.normal.rawValue

    /// What a search looks through.
    var searchText: String {
        CaseField.all.filter { $0.traits.contains(.searched) }.compactMap { $0.value(self).text }
            .joined(separator: "\n").lowercased()
    }

    /// The case as somebody sees it who may not know the patient: a name made from our own id, and no free text but the scanner's
    /// name, which research needs.
    var anonymised: Case {
        var copy = self
        // An empty value suits every field.
        for field in CaseField.all where field.traits.contains(.identifying) { try? field.assign(.empty, &copy) }
        copy.study = ImagingStudy(id: study.id)
        copy.patientID = "case-" + id.string.prefix(8)
        if Priority(rawValue: priority) == nil { copy.priority = Self.defaultPriority }
        return copy
    }
}
