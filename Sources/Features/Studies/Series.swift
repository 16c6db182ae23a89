import Imaging
import Kernel
import Storage

/// A stored series of a study.
package struct Series: Sendable, Equatable {
    /// What a series shows.
    package enum Role: String, Sendable, CaseIterable, SQLConvertible {
        case t1, t1ce, t2, flair
        /// A series that models do not use.
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

        /// `nil` for series that models do not use.
        package var sequence: MRISequence? { MRISequence(rawValue: rawValue) }
    }

    /// The format of its files.
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
    /// DICOM's Series Instance UID and Frame of Reference UID; `nil` if no header has them.
    package var instanceUID: String?
    package var frameOfReferenceUID: String?
    /// The client's file name: patient data, and never a path.
    package var originalFilename: String
    /// In order; empty if the series has been replaced.
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

    /// The file name when served: never the client's name, with the extension of its content.
    package var servedName: String {
        "\(role.rawValue).\((header.format ?? ImageFormat(named: originalFilename)).rawValue)"
    }
}

/// The header of a series' file, from the upload: its geometry and storage. The file is not opened for it again.
package struct SeriesHeader: Sendable, Equatable {
    package let size: GridSize
    /// Millimetres along i, j, k.
    package let spacing: [Double]
    /// From voxels to RAS mm; `nil` for a series stored before this was recorded.
    package let affine: VoxelAffine?
    /// `nil` for a series stored before this was recorded, whose file may still identify the patient.
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

/// The storage format of a series' file, which determines its extension.
package enum ImageFormat: String, Sendable, SQLConvertible {
    case nifti = "nii"
    case gzippedNIfTI = "nii.gz"

    /// The format implied by the name of an uninspected file.
    package init(named name: String) {
        self = name.lowercased().hasSuffix(".gz") ? .gzippedNIfTI : .nifti
    }
}
