/// The slices of a series, or of a part of one, that form a volume.
package struct AssembledSeries: Sendable {
    /// In the order of the slices, or as found if they do not form a volume.
    package let frames: [ImageFrame]
    /// The grid, or why there is none.
    package let grid: Result<LPSGrid, DicomError>
    package let warnings: [String]
    /// What distinguishes this part of a series that was split, for example `echo time 90 ms`.
    package let part: String?

    /// Of its first slice.
    package var attributes: SeriesAttributes { frames.first?.attributes ?? SeriesAttributes() }

    /// For the user: number, description and part.
    package var name: String {
        let number = attributes.seriesNumber.map { "Series \($0)" } ?? "A series without number"
        let description = attributes.seriesDescription ?? attributes.protocolName
        return number + (description.map { " “\($0.printable)”" } ?? "") + (part.map { ", \($0.printable)" } ?? "")
    }

    init(_ frames: [ImageFrame], part: String?, warnings: [String] = []) {
        self.part = part
        do throws(DicomError) {
            let stack = try SliceStack(frames)
            self.frames = stack.frames
            self.warnings = warnings + stack.warnings
            grid = .success(stack.grid)
        } catch {
            self.frames = frames
            self.warnings = warnings
            grid = .failure(error)
        }
    }
}
