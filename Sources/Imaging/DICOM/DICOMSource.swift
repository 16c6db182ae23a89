import Crypto
import Dicom
import Foundation

/// A series in DICOM files.
package struct DICOMSource: SeriesSource {
    package let name: String?
    let series: AssembledSeries
    private let limits: NIfTILimits

    init(_ series: AssembledSeries, name: String?, limits: NIfTILimits = .head) {
        self.series = series
        self.name = name
        self.limits = limits
    }

    package func load() throws -> Image {
        let grid = VoxelGrid(try ImagingError.fromDICOM { try series.grid.get() })
        try limits.check(grid.size)
        try limits.check(grid)
        let image = Image(grid: grid, values: try ImagingError.fromDICOM { try SeriesVolume(series).values })
        var digest = VoxelDigest(grid: grid)
        var variety = ValueVariety(rowLength: grid.size.i)
        image.values.withUnsafeBufferPointer {
            digest.add($0)
            variety.add($0)
        }
        try NIfTIFile.check(digest, variety, limits)
        return image
    }

    /// Of the files' digests in the order of the slices.
    package func digest() throws -> String {
        var hash = SHA256()
        var seen: Set<URL> = []
        for frame in series.frames where seen.insert(frame.file).inserted {
            hash.update(data: Data(try RunManifest.digest(of: frame.file).utf8))
        }
        return hash.finalize().hexadecimal
    }

    package func forms() throws -> NIfTIForms? { nil }
}

extension ImagingError {
    /// Runs `work` and converts errors about DICOM files.
    static func fromDICOM<T>(_ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch let error as DicomError {
            switch error.code {
            case .noVolume, .unsupported: throw ImagingError(.unsupportedImage, error.description)
            case .notDicom, .damaged, .tooLarge: throw ImagingError(.invalidImage, error.description)
            }
        }
    }
}
