import CCairo
import CPango

/// The style of a text.
struct TextStyle {
    let size: Double
    var isBold = false
    /// 0 black … 1 white.
    var grey = 0.0

    static let title = TextStyle(size: 17, isBold: true)
    static let institution = TextStyle(size: 11, isBold: true)
    static let notice = TextStyle(size: 9, isBold: true)
    static let heading = TextStyle(size: 11, isBold: true)
    static let body = TextStyle(size: 9.5)
    static let strong = TextStyle(size: 9.5, isBold: true)
    static let label = TextStyle(size: 8.5, grey: 0.35)
    static let small = TextStyle(size: 7.5, grey: 0.35)
    static let watermark = TextStyle(size: 130, isBold: true, grey: 0.91)
}

/// A text broken into lines of a width, laid out by Pango, including scripts with joined letters.
final class TextLines {
    private let layout: OpaquePointer
    private let style: TextStyle

    /// - Parameters:
    ///   - width: points; `nil` keeps the text on one line.
    ///   - context: the page's cairo context.
    init(_ text: String, _ style: TextStyle, width: Double?, on context: OpaquePointer) {
        self.style = style
        layout = pango_cairo_create_layout(context)
        let font = pango_font_description_new()
        // The free font that covers most scripts of European names; Pango substitutes missing letters.
        pango_font_description_set_family(font, "DejaVu Sans")
        pango_font_description_set_absolute_size(font, style.size * Double(PANGO_SCALE))
        pango_font_description_set_weight(font, style.isBold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL)
        pango_layout_set_font_description(layout, font)
        pango_font_description_free(font)
        if let width {
            pango_layout_set_width(layout, Int32(width * Double(PANGO_SCALE)))
            pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
        }
        pango_layout_set_text(layout, text, -1)
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(layout))
    }

    var count: Int { Int(pango_layout_get_line_count(layout)) }

    /// Points, for the whole text.
    var height: Double { (0..<count).reduce(0) { $0 + box(ofLine: $1).height } }

    struct Box {
        let width: Double
        let height: Double
        /// Relative to the upper edge.
        let baseline: Double
    }

    func box(ofLine number: Int) -> Box {
        var logical = PangoRectangle()
        pango_layout_line_get_extents(pango_layout_get_line_readonly(layout, Int32(number)), nil, &logical)
        let scale = Double(PANGO_SCALE)
        return Box(
            width: Double(logical.width) / scale, height: Double(logical.height) / scale,
            baseline: -Double(logical.y) / scale)
    }

    /// Draws one line with its upper left corner at a position.
    func draw(line number: Int, on context: OpaquePointer, x: Double, y: Double) {
        cairo_set_source_rgb(context, style.grey, style.grey, style.grey)
        cairo_move_to(context, x, y + box(ofLine: number).baseline)
        pango_cairo_show_layout_line(context, pango_layout_get_line_readonly(layout, Int32(number)))
    }

    /// Paints one line as a picture, so that it is not part of the page's selectable and searchable text.
    func paint(line number: Int, on context: OpaquePointer, x: Double, y: Double) {
        cairo_set_source_rgb(context, style.grey, style.grey, style.grey)
        cairo_move_to(context, x, y + box(ofLine: number).baseline)
        pango_cairo_layout_line_path(context, pango_layout_get_line_readonly(layout, Int32(number)))
        cairo_fill(context)
    }

    func draw(on context: OpaquePointer, x: Double, y: Double) {
        var top = y
        for line in 0..<count {
            draw(line: line, on: context, x: x, y: top)
            top += box(ofLine: line).height
        }
    }
}
