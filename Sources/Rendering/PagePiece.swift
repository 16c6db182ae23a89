/// Something that stands on one page and is not cut: a line of text, a row of a table, a picture.
struct PagePiece {
    let height: Double
    /// Stays with what follows, as a heading does.
    var keepsNext = false
    /// Is repeated above this piece where it begins a page, as a table's head is.
    var head: [PagePiece] = []
    let draw: (_ context: OpaquePointer, _ x: Double, _ y: Double) -> Void

    static func gap(_ height: Double) -> PagePiece {
        PagePiece(height: height) { _, _, _ in }
    }
}

/// Lays pieces below each other on pages of one height.
enum PageBreaker {
    /// - Parameter room: points from the top of a page's text to its end.
    static func pages(_ pieces: [PagePiece], room: Double) -> [[PagePiece]] {
        var pages: [[PagePiece]] = []
        var page: [PagePiece] = []
        var used = 0.0
        var index = 0
        while index < pieces.count {
            // A heading, and what must stay with it, are placed together.
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
