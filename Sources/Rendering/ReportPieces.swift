import CCairo
import CPango
import Foundation
import Imaging

/// Splits a document into pieces for its pages.
struct ReportPieces {
    private let document: ReportDocument
    private let context: OpaquePointer
    private let width: Double
    private(set) var pieces: [PagePiece] = []

    /// Points: the maximum height of the picture.
    private static let pictureHeight = 230.0

    init(_ document: ReportDocument, on context: OpaquePointer, width: Double) throws {
        self.document = document
        self.context = context
        self.width = width
        addHead()
        addReview()
        addChecks()
        for section in document.sections { add(section) }
        try addPicture()
        addMeasurements()
        addProvenance()
    }

    private mutating func addHead() {
        add(document.institution, .institution)
        add(document.title, .title)
        pieces.append(.gap(4))
        pieces.append(rule)
        addFacts(document.facts, label: 96)
        pieces.append(rule)
    }

    /// A grey line across the page.
    private var rule: PagePiece {
        PagePiece(height: 9) { [width] context, x, y in
            cairo_set_source_rgb(context, 0.6, 0.6, 0.6)
            cairo_rectangle(context, x, y + 4, width, 0.6)
            cairo_fill(context)
        }
    }

    private mutating func add(_ text: String, _ style: TextStyle, indent: Double = 0, keepsNext: Bool = false) {
        let lines = TextLines(text, style, width: width - indent, on: context)
        for number in 0..<lines.count {
            pieces.append(
                PagePiece(height: lines.box(ofLine: number).height, keepsNext: keepsNext) { context, x, y in
                    lines.draw(line: number, on: context, x: x + indent, y: y)
                })
        }
    }

    private mutating func addHeading(_ text: String) {
        pieces.append(.gap(8))
        add(text, .heading, keepsNext: true)
        pieces.append(PagePiece(height: 2, keepsNext: true) { _, _, _ in })
    }

    /// Labels on the left, values on the right.
    private mutating func addFacts(_ facts: [ReportDocument.Fact], label: Double) {
        for fact in facts {
            let name = TextLines(fact.label, .label, width: label - 6, on: context)
            let value = TextLines(fact.value, .body, width: width - label, on: context)
            pieces.append(
                PagePiece(height: max(name.height, value.height) + 1.5) { context, x, y in
                    name.draw(on: context, x: x, y: y + 1)
                    value.draw(on: context, x: x + label, y: y)
                })
        }
    }

    private mutating func addReview() {
        guard !document.review.isEmpty else { return }
        addHeading("Needs review")
        for reason in document.review { add("• " + reason, .strong, indent: 6) }
    }

    private mutating func addChecks() {
        guard !document.checks.remarks.isEmpty else { return }
        addHeading(document.checks.title)
        for remark in document.checks.remarks { add("• " + remark, .strong, indent: 6) }
    }

    private mutating func add(_ section: ReportDocument.Section) {
        addHeading(section.title)
        for sentence in section.sentences {
            let cited = sentence.findings.isEmpty ? "" : " [\(sentence.findings.joined(separator: ", "))]"
            add(sentence.text + cited, .body)
        }
    }

    private mutating func addPicture() throws {
        guard let png = document.picture else { return }
        let picture = try PNGPicture(png)
        let scale = min(width / picture.width, Self.pictureHeight / picture.height)
        addHeading("Contours")
        pieces.append(
            PagePiece(height: picture.height * scale + 4, keepsNext: true) { context, x, y in
                picture.draw(on: context, x: x, y: y, scale: scale)
            })
        add(document.pictureCaption, .small)
    }

    private mutating func addMeasurements() {
        guard !document.measurements.isEmpty else { return }
        addHeading("Measurements")
        let head = row(["No.", "Measurement", "Value", "Unit"], .strong)
        pieces.append(head)
        pieces[pieces.count - 1].keepsNext = true
        for item in document.measurements {
            var line = row([item.number, item.name, item.value, item.unit], .body)
            line.head = [head]
            pieces.append(line)
        }
    }

    private func row(_ cells: [String], _ style: TextStyle) -> PagePiece {
        let widths = [36, width - 36 - 120 - 60, 120, 60]
        let lines = zip(cells, widths).map { TextLines($0, style, width: $1 - 6, on: context) }
        let height = (lines.map(\.height).max() ?? 0) + 3
        return PagePiece(height: height) { [width] context, x, y in
            var left = x
            for (cell, width) in zip(lines, widths) {
                cell.draw(on: context, x: left, y: y + 1)
                left += width
            }
            cairo_set_source_rgb(context, 0.85, 0.85, 0.85)
            cairo_rectangle(context, x, y + height - 0.5, width, 0.5)
            cairo_fill(context)
        }
    }

    private mutating func addProvenance() {
        addHeading("Provenance")
        addFacts(document.provenance, label: 96)
    }
}

/// A picture drawn on pages.
final class PNGPicture {
    private let surface: OpaquePointer

    /// - Throws: `ImagingError(.internalFault)` if the bytes are not a PNG.
    init(_ data: Data) throws {
        let source = PNGSource(data)
        let made = withExtendedLifetime(source) {
            cairo_image_surface_create_from_png_stream(
                { closure, target, length in
                    guard let closure, let target else { return CAIRO_STATUS_READ_ERROR }
                    let source = Unmanaged<PNGSource>.fromOpaque(closure).takeUnretainedValue()
                    return source.read(into: target, Int(length)) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_READ_ERROR
                }, Unmanaged.passUnretained(source).toOpaque())
        }
        guard let made, cairo_surface_status(made) == CAIRO_STATUS_SUCCESS else {
            if let made { cairo_surface_destroy(made) }
            throw ImagingError(.internalFault, "The contour image cannot be read.")
        }
        surface = made
    }

    deinit {
        cairo_surface_destroy(surface)
    }

    var width: Double { Double(cairo_image_surface_get_width(surface)) }
    var height: Double { Double(cairo_image_surface_get_height(surface)) }

    func draw(on context: OpaquePointer, x: Double, y: Double, scale: Double) {
        cairo_save(context)
        cairo_translate(context, x, y)
        cairo_scale(context, scale, scale)
        cairo_set_source_surface(context, surface, 0, 0)
        cairo_paint(context)
        cairo_restore(context)
    }
}

/// Bytes that cairo reads in chunks.
private final class PNGSource {
    private let data: Data
    private var position = 0

    init(_ data: Data) {
        self.data = data
    }

    func read(into target: UnsafeMutablePointer<UInt8>, _ length: Int) -> Bool {
        guard position + length <= data.count else { return false }
        data.copyBytes(to: target, from: data.startIndex + position..<data.startIndex + position + length)
        position += length
        return true
    }
}
