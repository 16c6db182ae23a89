import Imaging
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
    package var patientID: String
    /// Years.
    package var age: Int?
    package var sex: Sex?
    package var status: Status
    /// `YYYY-MM-DD`.
    package var scanDate: String?
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
        copy.scanDate = nil
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
        try container.encode(scanDate, forKey: .scanDate)
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

/// One uploaded series of a case.
package struct MRIImage: Sendable, Equatable {
    package let id: ID<MRIImage>
    package let caseID: CaseID
    package let modality: MRISequence
    package let blob: BlobKey
    /// The client's name of the file: patient data, and never a path.
    package let originalFilename: String
    /// Bytes as stored.
    package let fileSize: Int64
    /// SHA-256 of the uncompressed file in hexadecimal.
    package let contentDigest: String
    /// Voxels along x, y, z.
    package let dimensions: [Int]
    /// Millimetres along x, y, z.
    package let spacing: [Double]
    package let uploadedAt: Timestamp
    /// How the file is stored; nil for a series from before this was recorded, whose file may still name the patient.
    package var format: ImageFormat?
    /// From voxels to RAS mm; nil for a series from before this was recorded.
    package var affine: VoxelAffine?
    /// Why the series cannot be segmented together with the case's others, where that is so.
    package var problem: String?
}

/// How a series' file is stored, by the ending that its name gets.
package enum ImageFormat: String, Sendable, SQLConvertible {
    case nifti = "nii"
    case gzippedNIfTI = "nii.gz"
}

extension MRIImage {
    /// What the file is called where it is served: never the client's name, and with the ending of its content.
    package var servedName: String {
        "\(modality.rawValue).\((format ?? Self.format(named: originalFilename)).rawValue)"
    }

    /// What the name says of a file that nobody has looked into.
    static func format(named name: String) -> ImageFormat {
        name.lowercased().hasSuffix(".gz") ? .gzippedNIfTI : .nifti
    }

    fileprivate var grid: VoxelGrid? {
        affine.map { VoxelGrid(size: GridSize(i: dimensions[0], j: dimensions[1], k: dimensions[2]), affine: $0) }
    }
}

extension [MRIImage] {
    /// A case's series, each with what keeps it from being segmented together with the others.
    var compared: [MRIImage] {
        let problems = SeriesOverlay.problems(grids)
        return map { image in
            var image = image
            image.problem = problems[image.modality]
            return image
        }
    }

    /// By sequence, as far as they are known.
    var grids: [MRISequence: VoxelGrid] {
        Dictionary(compactMap { image in image.grid.map { (image.modality, $0) } }, uniquingKeysWith: { $1 })
    }
}
