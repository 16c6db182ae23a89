import Basics
import Foundation
import Imaging
import Kernel
import Storage

/// Inspects uploaded files on dedicated threads, since reading a whole volume takes a second.
package final class SeriesInspector: Sendable {
    /// The result of an inspection; the digest is SHA-256 of the uncompressed content in hexadecimal.
    package typealias Found = (header: SeriesHeader, contentDigest: String)

    private let pool: ThreadPool<Void>
    private let look: @Sendable (URL) throws -> Found
    private let clean: @Sendable (URL) throws -> DeidentifiedNIfTI?

    /// - Parameters:
    ///   - look: throws `ImagingError` if the file is not a usable image.
    ///   - clean: the deidentified file; `nil` if it already is.
    package init(
        threads: Int = 2, look: @escaping @Sendable (URL) throws -> Found,
        clean: @escaping @Sendable (URL) throws -> DeidentifiedNIfTI? = { _ in nil }
    ) {
        pool = ThreadPool(name: "inspection", threads: threads) {}
        self.look = look
        self.clean = clean
    }

    /// Accepts what the NIfTI reader accepts.
    package static func nifti(threads: Int = 2) -> SeriesInspector {
        SeriesInspector(
            threads: threads,
            look: { url in
                let summary = try NIfTIFile.inspect(url)
                let format: ImageFormat = summary.isCompressed ? .gzippedNIfTI : .nifti
                return (SeriesHeader(summary.grid, format: format), summary.contentDigest)
            },
            clean: { try DeidentifiedNIfTI.isNeedless(for: $0) ? nil : DeidentifiedNIfTI($0) })
    }

    /// - Throws: a validation error of the field `file` with the reason.
    package func inspect(_ url: URL) async throws -> Found {
        do {
            return try await pool.run { [look] in try look(url) }
        } catch let error as ImagingError where error.code != .internalFault {
            throw AppError.invalid("file", error.message)
        }
    }

    /// Stages a deidentified copy of a file.
    ///
    /// - Returns: `nil` if it already is.
    package func deidentify(_ url: URL, in blobs: any BlobStore) async throws -> StagedBlob? {
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

    /// A stored file's header, regardless of the limits by which it was accepted.
    func header(of url: URL) async throws -> SeriesHeader {
        try await pool.run { _ in
            SeriesHeader(
                try NIfTIFile.grid(of: url, limits: .anyVolume),
                format: try NIfTIFile.isCompressed(url) ? .gzippedNIfTI : .nifti)
        }
    }
}
