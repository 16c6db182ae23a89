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

    package init(dimensions: [Int], spacing: [Double], contentDigest: String) {
        self.dimensions = dimensions
        self.spacing = spacing
        self.contentDigest = contentDigest
    }
}

/// Looks at uploaded files on threads of its own, since reading a whole volume takes a second.
package final class ImageInspector: Sendable {
    private let pool: ThreadPool<Void>
    private let look: @Sendable (URL) throws -> InspectedImage

    /// - Parameter look: throws `ImagingError` where the file is no usable image.
    package init(threads: Int = 2, look: @escaping @Sendable (URL) throws -> InspectedImage) {
        pool = ThreadPool(name: "inspection", threads: threads) {}
        self.look = look
    }

    /// Takes what the NIfTI reader takes.
    package static func nifti() -> ImageInspector {
        ImageInspector { url in
            let summary = try NIfTIFile.inspect(url)
            return InspectedImage(
                dimensions: summary.dimensions, spacing: summary.spacing, contentDigest: summary.contentDigest)
        }
    }

    /// - Throws: a validation error of the field `file` with the reason.
    package func inspect(_ staged: StagedBlob) async throws -> InspectedImage {
        do {
            return try await pool.run { [look] in try look(staged.url) }
        } catch let error as ImagingError where error.code != .internalFault {
            throw AppError.invalid("file", error.message)
        }
    }
}
