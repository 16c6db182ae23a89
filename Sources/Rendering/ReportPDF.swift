import CCairo
import CPango
import Foundation
import Imaging

/// Renders a report document as PDF, A4: searchable text, page numbers, a watermark on drafts.
package struct ReportPDF {
    /// Points.
    private static let size = (width: 595.28, height: 841.89)
    private static let margin = 56.0
    private static let top = 64.0
    private static let bottom = 66.0

    private let document: ReportDocument
    private let context: OpaquePointer

    /// - Throws: `ImagingError(.internalFault)` if cairo cannot write it.
    package static func data(_ document: ReportDocument) throws -> Data {
        let sink = PDFSink()
        let surface = cairo_pdf_surface_create_for_stream(
            { closure, bytes, length in
                guard let closure, let bytes else { return CAIRO_STATUS_WRITE_ERROR }
                Unmanaged<PDFSink>.fromOpaque(closure).takeUnretainedValue()
                    .data.append(UnsafeBufferPointer(start: bytes, count: Int(length)))
                return CAIRO_STATUS_SUCCESS
            }, Unmanaged.passUnretained(sink).toOpaque(), size.width, size.height)
        guard let surface, let context = cairo_create(surface) else { throw unwritable }
        defer {
            cairo_destroy(context)
            cairo_surface_destroy(surface)
        }
        let time = ISO8601DateFormatter().string(from: document.printedAt)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, document.title)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "NeuroAI")
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, time)
        try ReportPDF(document: document, context: context).paint()
        cairo_surface_finish(surface)
        guard cairo_status(context) == CAIRO_STATUS_SUCCESS, cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS
        else { throw unwritable }
        return withExtendedLifetime(sink) { sink.data }
    }

    private static let unwritable = ImagingError(.internalFault, "The report could not be printed.")

    private func paint() throws {
        let pieces = try ReportPieces(document, on: context, width: Self.size.width - 2 * Self.margin).pieces
        let pages = PageBreaker.pages(pieces, room: Self.size.height - Self.top - Self.bottom)
        for (number, page) in pages.enumerated() {
            drawWatermark()
            drawNotice()
            drawFooter("Page \(number + 1) of \(pages.count)")
            var top = Self.top
            for piece in page {
                piece.draw(context, Self.margin, top)
                top += piece.height
            }
            cairo_show_page(context)
        }
    }

    /// Drawn first, so that the text is above it.
    private func drawWatermark() {
        guard let watermark = document.watermark else { return }
        let lines = TextLines(watermark, .watermark, width: nil, on: context)
        let box = lines.box(ofLine: 0)
        cairo_save(context)
        cairo_translate(context, Self.size.width / 2, Self.size.height / 2)
        cairo_rotate(context, -Double.pi / 4)
        lines.paint(line: 0, on: context, x: -box.width / 2, y: -box.height / 2)
        cairo_restore(context)
    }

    private func drawNotice() {
        let words = [document.watermark, ReportDocument.notice].compactMap { $0 }.joined(separator: " · ")
        let lines = TextLines(words, .notice, width: nil, on: context)
        let left = Self.size.width - Self.margin - lines.box(ofLine: 0).width
        lines.draw(line: 0, on: context, x: left, y: 34)
    }

    private func drawFooter(_ page: String) {
        let top = Self.size.height - 44
        let number = TextLines(page, .small, width: nil, on: context)
        let width = number.box(ofLine: 0).width
        TextLines(document.footer, .small, width: Self.size.width - 2 * Self.margin - width - 12, on: context)
            .draw(on: context, x: Self.margin, y: top)
        number.draw(line: 0, on: context, x: Self.size.width - Self.margin - width, y: top)
    }
}

/// Receives cairo's output.
private final class PDFSink {
    var data = Data()
}
