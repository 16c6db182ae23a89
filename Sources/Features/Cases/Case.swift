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
    package var patientID: String
    /// Years.
    package var age: Int?
    package var sex: Sex?
    package var status: Status
    package var fieldStrength: FieldStrength?
    package var scannerType: String
    package var clinicalHistory: String
    package var indication: String
    package var diagnosis: String
    package var priority: String
    package var notes: String
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

    /// What a search looks through.
    var searchText: String {
        [patientID, diagnosis, indication, clinicalHistory, scannerType, notes].joined(separator: "\n").lowercased()
    }

    /// The case as somebody sees it who may not know the patient: a name made from our own id, and no free text but the scanner's
    /// name, which research needs.
    var anonymised: Case {
        var copy = self
        copy.patientID = "case-" + id.string.prefix(8)
        copy.study.date = nil
        copy.study.instanceUID = nil
        copy.study.accessionNumber = nil
        copy.clinicalHistory = ""
        copy.indication = ""
        copy.diagnosis = ""
        copy.notes = ""
        if Priority(rawValue: priority) == nil { copy.priority = Self.defaultPriority }
        return copy
    }
}

extension Case: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id = "caseId"
        case patientID = "patientId"
        case author = "createdBy"
        case age, sex, status, scanDate, fieldStrength, scannerType, clinicalHistory, indication, diagnosis, priority
        case notes, createdAt, updatedAt, completedAt, deletedAt, needsReview, reviewReasons
    }

    /// Every key is always there, null where there is no value; `deletedAt` only where the case is deleted.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(patientID, forKey: .patientID)
        try container.encode(author, forKey: .author)
        try container.encode(status, forKey: .status)
        try container.encode(age, forKey: .age)
        try container.encode(sex, forKey: .sex)
        try container.encode(study.date, forKey: .scanDate)
        try container.encode(fieldStrength, forKey: .fieldStrength)
        try container.encode(scannerType, forKey: .scannerType)
        try container.encode(clinicalHistory, forKey: .clinicalHistory)
        try container.encode(indication, forKey: .indication)
        try container.encode(diagnosis, forKey: .diagnosis)
        try container.encode(priority, forKey: .priority)
        try container.encode(notes, forKey: .notes)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
        try container.encode(completedAt, forKey: .completedAt)
        try container.encodeIfPresent(deletedAt, forKey: .deletedAt)
        try container.encode(needsReview, forKey: .needsReview)
        try container.encode(reviewReasons, forKey: .reviewReasons)
    }
}
