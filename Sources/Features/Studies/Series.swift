import Imaging
import Kernel
import Storage

/// One series of a study, as it is stored.
package struct Series: Sendable, Equatable {
    /// What a series shows.
    package enum Role: String, Sendable, CaseIterable, SQLConvertible {
        case t1, t1ce, t2, flair
        /// Something that the models do not look at.
        case other
        case unknown

        package init(_ sequence: MRISequence) {
            switch sequence {
            case .t1: self = .t1
            case .t1ce: self = .t1ce
            case .t2: self = .t2
            case .flair: self = .flair
            }
        }

        /// Nil for what no model looks at.
        package var sequence: MRISequence? { MRISequence(rawValue: rawValue) }
    }

    /// What its files are.
    package enum Source: String, Sendable, SQLConvertible {
        case nifti, dicom
    }

    /// A stored file.
    package struct File: Sendable, Equatable {
        package let blob: BlobKey
        /// Bytes as stored.
        package let size: Int64
    }

    package let id: ID<Series>
    package let study: ID<ImagingStudy>
    package let role: Role
    package let source: Source
    /// DICOM's Series Instance UID and Frame of Reference UID; nil where no header told them.
    package var instanceUID: String?
    package var frameOfReferenceUID: String?
    /// The client's name of the file: patient data, and never a path.
    package var originalFilename: String
    /// In their order; none where the series has been replaced.
    package let files: [File]
    package let header: SeriesHeader
    /// SHA-256 of the uncompressed content in hexadecimal.
    package let contentDigest: String
    package let uploadedAt: Timestamp

    package init(
        id: ID<Series> = ID(), study: ID<ImagingStudy>, role: Role, source: Source = .nifti, originalFilename: String,
        files: [File], header: SeriesHeader, contentDigest: String, uploadedAt: Timestamp
    ) {
        self.id = id
        self.study = study
        self.role = role
        self.source = source
        self.originalFilename = originalFilename
        self.files = files
        self.header = header
        self.contentDigest = contentDigest
        self.uploadedAt = uploadedAt
    }

    /// What the file is called where it is served: never the client's name, and with the ending of its content.
    package var servedName: String {
        "\(role.rawValue).\((header.format ?? ImageFormat(named: originalFilename)).rawValue)"
    }
}

/// What the upload found in a series' file: where it lies in the patient and how it is stored. No file is opened for it again.
package struct SeriesHeader: Sendable, Equatable {
    package let size: GridSize
    /// Millimetres along i, j, k.
    package let spacing: [Double]
    /// From voxels to RAS mm; nil for a series from before this was recorded.
    package let affine: VoxelAffine?
    /// Nil for a series from before this was recorded, whose file may still name the patient.
    package let format: ImageFormat?

    package init(size: GridSize, spacing: [Double], affine: VoxelAffine? = nil, format: ImageFormat? = .nifti) {
        self.size = size
        self.spacing = spacing
        self.affine = affine
        self.format = format
    }

    package init(_ grid: VoxelGrid, format: ImageFormat) {
        self.init(size: grid.size, spacing: grid.spacing, affine: grid.affine, format: format)
    }

    package var grid: VoxelGrid? { affine.map { VoxelGrid(size: size, affine: $0) } }
}

/// How a series' file is stored, by the ending that its name gets.
package enum ImageFormat: String, Sendable, SQLConvertible {
    case nifti = "nii"
    case gzippedNIfTI = "nii.gz"

    /// What the name says of a file that nobody has looked into.
    package init(named name: String) {
        self = name.lowercased().hasSuffix(".gz") ? .gzippedNIfTI : .nifti
    }
}
