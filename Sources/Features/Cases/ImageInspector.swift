import Foundation
import Imaging
import Storage

/// What a look at an uploaded file found.
package struct InspectedImage: Sendable, Equatable {
    /// Voxels along x, y, z.
    package let dimensions: [Int]
    /// Millimetres along x, y, z.
    package let spacing: [Double]
    /// SHA-256 of the uncompressed file in hexadecimal.
    package let contentDigest: String
    /// From voxels to RAS mm.
    package let affine: VoxelAffine?
    package let format: ImageFormat

    package init(
        dimensions: [Int], spacing: [Double], contentDigest: String, affine: VoxelAffine? = nil,
        format: ImageFormat = .nifti
    ) {
        self.dimensions = dimensions
        self.spacing = spacing
        self.contentDigest = contentDigest
        self.affine = affine
        self.format = format
    }
}

/// Looks at uploaded files on threads of its own, since reading a whole volume takes a second.
package final class ImageInspector: Sendable {
    private let pool: ThreadPool<Void>
    private let look: @Sendable (URL) throws -> InspectedImage
    private let clean: @Sendable (URL) throws -> DeidentifiedNIfTI?

    /// - Parameters:
    ///   - look: throws `ImagingError` where the file is no usable image.
    ///   - clean: the file without what could name the patient; nil where it is that already.
    package init(
        threads: Int = 2, look: @escaping @Sendable (URL) throws -> InspectedImage,
        clean: @escaping @Sendable (URL) throws -> DeidentifiedNIfTI? = { _ in nil }
    ) {
        pool = ThreadPool(name: "inspection", threads: threads) {}
        self.look = look
        self.clean = clean
    }

    /// Takes what the NIfTI reader takes.
    package static func nifti(threads: Int = 2) -> ImageInspector {
        ImageInspector(
            threads: threads,
            look: { url in
                let summary = try NIfTIFile.inspect(url)
                return InspectedImage(
                    dimensions: summary.dimensions, spacing: summary.spacing, contentDigest: summary.contentDigest,
                    affine: summary.grid.affine, format: summary.isCompressed ? .gzippedNIfTI : .nifti)
            },
            clean: { try DeidentifiedNIfTI.isNeedless(for: $0) ? nil : DeidentifiedNIfTI($0) })
    }

    /// - Throws: a validation error of the field `file` with the reason.
    package func inspect(_ url: URL) async throws -> InspectedImage {
        do {
            return try await pool.run { [look] in try look(url) }
        } catch let error as ImagingError where error.code != .internalFault {
            throw AppError.invalid("file", error.message)
        }
    }

    /// Stages a file again without what could name the patient.
    ///
    /// - Returns: nil where the file is that already.
    func deidentify(_ url: URL, in blobs: any BlobStore) async throws -> StagedBlob? {
        guard let source = try await pool.run({ [clean] _ in try clean(url) }) else { return nil }
        let writer = try await blobs.stage(limit: .max)
        do {
            while let piece = try await pool.run({ _ in try source.next() }) { try await writer.append(piece) }
            return try await writer.finish()
        } catch {
            await writer.abandon()
            throw error
        }
    }

    /// What of a stored file's header is kept beside it, whatever limits it was taken by.
    func header(of url: URL) async throws -> StoredHeader {
        try await pool.run { _ in
            StoredHeader(
                affine: try NIfTIFile.grid(of: url, limits: .anyVolume).affine,
                format: try NIfTIFile.isCompressed(url) ? .gzippedNIfTI : .nifti)
        }
    }
}

/// How a stored series lies in the patient and how its file is stored.
struct StoredHeader: Sendable {
    let affine: VoxelAffine
    let format: ImageFormat
}
