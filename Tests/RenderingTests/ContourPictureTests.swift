import Foundation
import Imaging
import Testing

@testable import Rendering

/// The markings on the picture itself: readers take side and size from them.
struct ContourPictureTests {
    /// A black head of 100 × 120 × 80 mm, so that only letters, legend and scale bar are bright.
    private static let grid = VoxelGrid(
        size: GridSize(i: 50, j: 60, k: 40), affine: VoxelAffine(rows: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0]))

    private func pixels(_ labels: LabelMap? = nil) throws -> (sheet: ContourSheet, png: PNGPixels) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sheet-\(UUID().uuidString).png")
        defer { try? FileManager.default.removeItem(at: file) }
        let sheet = ContourSheet(
            image: Image(grid: Self.grid, filledWith: 0), labels: labels ?? LabelMap(grid: Self.grid, filledWith: 0))
        try sheet.write(to: file)
        return (sheet, try PNGPixels(Data(contentsOf: file)))
    }

    /// The number of bright pixels in a square, in total and per column.
    private func ink(_ png: PNGPixels, _ left: Int, _ top: Int) -> (count: Int, columns: [Int]) {
        var columns = [Int](repeating: 0, count: 14)
        for y in top..<top + 16 {
            for x in left..<left + 14 where png[x, y] & 0xFF > 128 { columns[x - left] += 1 }
        }
        return (columns.reduce(0, +), columns)
    }

    /// R is on the left of the axial and coronal planes and L on the right: R has more ink, L only a stem and a foot.
    @Test func thePatientsRightIsMarkedOnTheLeft() throws {
        let (sheet, png) = try pixels()
        var left = 12
        for raster in sheet.rasters.prefix(2) {
            let middle = 12 + raster.height / 2 - 13
            let first = ink(png, left + 4, middle)
            let last = ink(png, left + raster.width - 16, middle)
            #expect(Double(first.count) > 1.3 * Double(last.count) && last.count > 10, "\(first) \(last)")
            left += raster.width + 12
        }
        // A sagittal plane is marked with A and P.
        let middle = 12 + sheet.rasters[2].height / 2 - 13
        #expect(
            ink(png, left + 4, middle).count > 10 && ink(png, left + sheet.rasters[2].width - 16, middle).count > 10)
    }

    /// Planes are scaled to 420 pixels for 120 mm, so 50 mm are 175 pixels.
    @Test func theScaleBarIsFiftyMillimetres() throws {
        let (sheet, png) = try pixels()
        #expect(sheet.rasters[0].height == 420)
        let row = png.height - 19
        let bright = (0..<png.width).filter { png[$0, row] == 0xFFFFFF }
        let start = try #require(
            bright.first { start in (start..<start + 100).allSatisfy { png[$0, row] == 0xFFFFFF } })
        let length = (start..<png.width).prefix { png[$0, row] == 0xFFFFFF }.count
        #expect(abs(length - 175) <= 1)
    }

    /// Where the contours of core and enhancement coincide, enhancement is drawn on top, because it matters most to
    /// readers.
    @Test func theInnermostContourLiesOnTop() {
        var labels = LabelMap(grid: Self.grid, filledWith: 0)
        for k in 10..<30 { for j in 20..<40 { for i in 15..<35 { labels[k, j, i] = 3 } } }
        let sheet = ContourSheet(image: Image(grid: Self.grid, filledWith: 0), labels: labels)
        let axial = sheet.rasters[0]
        var colours = Set<UInt32>()
        for y in 0..<axial.height { for x in 0..<axial.width { colours.insert(sheet.colour(axial, x, y)) } }
        #expect(colours == [0, 0xD55E00])
    }

    /// The slice with the most tumour is shown, not the middle one.
    @Test func theSliceWithTheMostTumourIsShown() {
        var labels = LabelMap(grid: Self.grid, filledWith: 0)
        labels[35, 30, 25] = 2
        for i in 20..<30 { labels[5, 30, i] = 1 }
        let axial = ContourSheet(image: Image(grid: Self.grid, filledWith: 0), labels: labels).rasters[0]
        #expect(Set(axial.labels) == [0, 1])
    }

    /// A page is filled to its limit, and a heading stays with the content that follows.
    @Test func aPageIsFilledToItsEnd() {
        func pages(_ heights: [Double]) -> [Int] {
            PageBreaker.pages(heights.map { PagePiece(height: $0) { _, _, _ in } }, room: 100).map(\.count)
        }
        #expect(pages([40, 40, 20]) == [3] && pages([40, 40, 20.5]) == [2, 1] && pages([]) == [])
        var row = PagePiece(height: 40) { _, _, _ in }
        row.head = [PagePiece(height: 10) { _, _, _ in }]
        // The heading repeated on each further page takes up space there.
        #expect(PageBreaker.pages([row, row, row, row, row], room: 100).map(\.count) == [2, 3, 2])
    }

    /// The watermark is too large to overlook on a printed page.
    @Test(.enabled(if: PDFText.isInstalled, "no pdftoppm: run scripts/bootstrap"))
    func aDraftSaysSoAcrossThePage() throws {
        func ink(_ watermark: String?) throws -> Int {
            let pdf = try ReportPDF.data(ReportPDFTests.document { $0.watermark = watermark })
            // A greyscale image with one byte per pixel.
            return try PDFText.output(of: "pdftoppm", ["-gray", "-r", "36", "-l", "1"], pdf).count { $0 < 250 }
        }
        #expect(try ink("DRAFT") > ink(nil) + 2000)
    }
}
