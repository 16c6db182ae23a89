/// An element that is not split across pages: a line of text, a row of a table, a picture.
struct PagePiece {
    let height: Double
    /// Stays with the next piece, as a heading does.
    var keepsNext = false
    /// Repeated above this piece if it begins a page, as a table's header is.
    var head: [PagePiece] = []
    let draw: (_ context: OpaquePointer, _ x: Double, _ y: Double) -> Void

    static func gap(_ height: Double) -> PagePiece {
        PagePiece(height: height) { _, _, _ in }
    }
}

/// Arranges pieces on pages of equal height.
enum PageBreaker {
    /// - Parameter room: the height of a page's text area in points.
    static func pages(_ pieces: [PagePiece], room: Double) -> [[PagePiece]] {
        var pages: [[PagePiece]] = []
        var page: [PagePiece] = []
        var used = 0.0
        var index = 0
        while index < pieces.count {
            // A heading is placed together with the pieces that must stay with it.
            var end = index
            while end + 1 < pieces.count && pieces[end].keepsNext { end += 1 }
            let group = Array(pieces[index...end])
            let height = group.reduce(0) { $0 + $1.height }
            if used + height > room && !page.isEmpty {
                pages.append(page)
                page = group.first?.head ?? []
                used = page.reduce(0) { $0 + $1.height }
            }
            page += group
            used += height
            index = end + 1
        }
        return page.isEmpty ? pages : pages + [page]
    }
}
