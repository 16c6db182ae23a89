import Kernel

/// One examination, as in DICOM and FHIR: the series of one visit to the scanner, which refer to it.
package struct ImagingStudy: Sendable, Equatable {
    package let id: ID<ImagingStudy>
    /// DICOM's Study Instance UID; `nil` if no header has it.
    package var instanceUID: String?
    package var accessionNumber: String?
    /// `YYYY-MM-DD`.
    package var date: String?
    /// The study description, such as `MR brain with contrast`.
    package var description: String?

    package init(
        id: ID<ImagingStudy> = ID(), instanceUID: String? = nil, accessionNumber: String? = nil, date: String? = nil
    ) {
        self.id = id
        self.instanceUID = instanceUID
        self.accessionNumber = accessionNumber
        self.date = date
    }

    /// Its columns besides the ids.
    static let columns: [(name: String, path: WritableKeyPath<ImagingStudy, String?> & Sendable)] = [
        ("instance_uid", \.instanceUID), ("accession_number", \.accessionNumber), ("study_date", \.date),
        ("description", \.description),
    ]
}
