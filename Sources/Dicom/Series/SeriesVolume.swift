import Foundation

/// The values of a series on its grid.
package struct SeriesVolume: Sendable {
    package let grid: LPSGrid
    /// `values[(k * rows + j) * columns + i]`, in the modality's units.
    package let values: [Float]

    /// Reads the pixels of a series.
    ///
    /// - Throws: `DicomError` if the series forms no volume, or its pixels are damaged or not supported.
    package init(_ series: AssembledSeries, limits: DicomLimits = .standard) throws {
        grid = try series.grid.get()
        var values: [Float] = []
        var open: (file: URL, pixels: PixelFrames)?
        for frame in series.frames {
            if open?.file != frame.file {
                let bytes: [UInt8]
                do {
                    bytes = [UInt8](try Data(contentsOf: frame.file))
                } catch {
                    throw DicomError(.damaged, "A file of the series can no longer be read.")
                }
                open = (frame.file, try PixelFrames(DicomFile(bytes, limits: limits)))
            }
            guard let pixels = open?.pixels else { break }
            values += try Self.values(of: frame, pixels)
        }
        self.values = values
    }

    private static func values(of frame: ImageFrame, _ pixels: PixelFrames) throws -> [Float] {
        let layout = pixels.layout
        guard layout.samples == 1, layout.photometricInterpretation.hasPrefix("MONOCHROME") else {
            throw DicomError(.unsupported, "Colour images are not supported.", tag: .photometricInterpretation)
        }
        guard layout.rows == frame.rows, layout.columns == frame.columns else {
            throw DicomError(.damaged, "An image's size has changed.", tag: .rows)
        }
        let stored = try pixels.values(ofFrame: frame.index)
        // MONOCHROME1 shows low values bright; the model expects high ones to be.
        let isInverted = layout.photometricInterpretation == "MONOCHROME1"
        let mirror = layout.isSigned ? -1 : 1 << layout.bitsStored - 1
        return stored.map { Float(frame.scale.value(isInverted ? mirror - $0 : $0)) }
    }
}
