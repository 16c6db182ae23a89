import Basics
import CCairo
import Foundation
import Imaging

/// Three planes through the tumour with the contours of its regions, side by side as a PNG.
package struct ContourSheet {
    /// Colours that colour-blind readers can distinguish (Okabe and Ito); later ones are drawn over earlier ones.
    private static let contours = [
        Contour(.wholeTumour, 0x56B4E9), Contour(.tumourCore, 0xF0E442), Contour(.enhancingTumour, 0xD55E00),
    ]
    private static let gap = 12
    private static let footer = 34
    /// mm
    private static let scaleBar = 50.0
    /// Pixels: planes are enlarged to approximately this height.
    private static let wantedHeight = 420.0

    let rasters: [PlaneRaster]
    private let pixel: Double

    /// - Parameters:
    ///   - image: the displayed series, in any orientation.
    ///   - labels: BraTS 2023 labels on the image's grid.
    package init(image: Image, labels: LabelMap) {
        let image = Self.blackAround(image.reoriented())
        let labels = labels.reoriented()
        let tallest = (0..<3).map { Double(image.grid.size[$0]) * image.grid.spacing[$0] }.max() ?? 1
        let pixel = tallest / Self.wantedHeight
        let window = Self.window(image)
        rasters = PlaneRaster.Plane.allCases.map {
            PlaneRaster($0, of: image, labels, pixel: pixel, window: window)
        }
        self.pixel = pixel
    }

    /// The image with 0 around a stripped brain, regardless of its background, and its darkest voxels close to that.
    private static func blackAround(_ image: Image) -> Image {
        guard let background = SeriesBackground(of: image) else { return image }
        return (try? image.strippingBackground(within: background.brain(in: image), around: background)) ?? image
    }

    /// From 0 or the smallest value to the 99.5th percentile of the voxels above it.
    private static func window(_ image: Image) -> ClosedRange<Float> {
        let low = min(image.values.min() ?? 0, 0)
        let above = image.values.filter { $0 > low }.sorted()
        guard !above.isEmpty else { return low...(low + 1) }
        let high = above[min(above.count - 1, above.count * 995 / 1000)]
        return low...max(high, low.nextUp)
    }

    /// - Throws: `ImagingError(.diskFull)`, or `.internalFault` if the file cannot be written for another reason.
    package func write(to url: URL) throws {
        let width = rasters.reduce(Self.gap) { $0 + $1.width + Self.gap }
        let height = (rasters.map(\.height).max() ?? 0) + 2 * Self.gap + Self.footer
        let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height))
        let context = cairo_create(surface)
        defer {
            cairo_destroy(context)
            cairo_surface_destroy(surface)
        }
        var left = Self.gap
        for raster in rasters {
            paint(raster, on: surface, left: left)
            left += raster.width + Self.gap
        }
        cairo_surface_mark_dirty(surface)
        letters(context)
        legend(context, bottom: Double(height))
        guard cairo_surface_write_to_png(surface, url.path) == CAIRO_STATUS_SUCCESS else {
            throw DiskSpace.failure(writing: url, else: "The contour image could not be written.")
        }
    }

    private func paint(_ raster: PlaneRaster, on surface: OpaquePointer?, left: Int) {
        cairo_surface_flush(surface)
        guard let bytes = cairo_image_surface_get_data(surface) else { return }
        let stride = Int(cairo_image_surface_get_stride(surface))
        for y in 0..<raster.height {
            let row = UnsafeMutableRawPointer(bytes + (y + Self.gap) * stride)
            for x in 0..<raster.width {
                row.storeBytes(of: colour(raster, x, y), toByteOffset: 4 * (x + left), as: UInt32.self)
            }
        }
    }

    /// 0xRRGGBB of one pixel.
    func colour(_ raster: PlaneRaster, _ x: Int, _ y: Int) -> UInt32 {
        for contour in Self.contours.reversed() where raster.isEdge(x, y, of: contour.labels) { return contour.colour }
        return UInt32(raster.brightness[y * raster.width + x]) * 0x010101
    }

    /// The sides of each plane: without them left and right are ambiguous.
    private func letters(_ context: OpaquePointer?) {
        var left = Double(Self.gap)
        for (raster, sides) in zip(rasters, [("R", "L", "A"), ("R", "L", "S"), ("A", "P", "S")]) {
            let middle = Double(Self.gap + raster.height / 2)
            text(sides.0, context, left + 4, middle)
            text(sides.1, context, left + Double(raster.width) - 16, middle)
            text(sides.2, context, left + Double(raster.width) / 2 - 5, Double(Self.gap) + 16)
            left += Double(raster.width + Self.gap)
        }
    }

    private func legend(_ context: OpaquePointer?, bottom: Double) {
        var left = Double(Self.gap)
        for contour in Self.contours {
            setColour(context, contour.colour)
            cairo_rectangle(context, left, bottom - 26, 12, 12)
            cairo_fill(context)
            text(contour.region.displayName, context, left + 18, bottom - 14)
            left += 170
        }
        setColour(context, 0xFFFFFF)
        cairo_rectangle(context, left, bottom - 20, Self.scaleBar / pixel, 3)
        cairo_fill(context)
        text("50 mm", context, left + Self.scaleBar / pixel + 8, bottom - 14)
    }

    private func text(_ words: String, _ context: OpaquePointer?, _ x: Double, _ y: Double) {
        setColour(context, 0xFFFFFF)
        cairo_select_font_face(context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD)
        cairo_set_font_size(context, 14)
        cairo_move_to(context, x, y)
        cairo_show_text(context, words)
    }

    private func setColour(_ context: OpaquePointer?, _ colour: UInt32) {
        let parts = [16, 8, 0].map { Double((colour >> UInt32($0)) & 0xFF) / 255 }
        cairo_set_source_rgb(context, parts[0], parts[1], parts[2])
    }
}

/// How a region is drawn.
private struct Contour: Sendable {
    let region: TumourRegion
    /// BraTS 2023.
    let labels: Set<UInt8>
    /// 0xRRGGBB.
    let colour: UInt32

    init(_ region: TumourRegion, _ colour: UInt32) {
        self.region = region
        labels = LabelConvention.brats2023.labels(of: region)
        self.colour = colour
    }
}
