import Features
import Foundation

/// What every administration page has around its content.
struct AdminFrame: Sendable {
    /// A table in the menu.
    struct MenuItem: Sendable {
        let label: String
        let href: String
        let isCurrent: Bool
    }

    let title: String
    let userName: String
    let menu: [MenuItem]
    /// What went wrong, above everything else.
    var failures: [String] = []
    /// What has been done.
    var notice: String?
    /// The institution that a superuser acts in, where it is not the own one.
    var visited: String?
    /// Ends the visit.
    var homePath: String?

    init(_ title: String, user: User, tables: [AdminTable], current: String?) {
        self.title = title
        userName = user.fullName
        menu = tables.map {
            MenuItem(label: $0.title, href: AdminAddress.table($0.name), isCurrent: $0.name == current)
        }
    }
}

/// A value as a page writes it.
struct ShownCell: Sendable {
    let label: String
    let words: String
    let isNumber: Bool
    let isState: Bool
    let isLong: Bool
    /// Where it leads to; nil where it leads nowhere.
    let href: String?

    init(_ cell: AdminCell, href: String? = nil) {
        label = cell.column.title
        words = Self.words(cell)
        switch cell.column.kind {
        case .number, .decimal, .bytes: isNumber = true
        default: isNumber = false
        }
        isState = cell.column.kind == .state && cell.meaning != .nothing
        isLong = cell.column.kind == .longText
        self.href = href ?? cell.link.map { AdminAddress.object($0.table, $0.id) }
    }

    private static func words(_ cell: AdminCell) -> String {
        switch cell.meaning {
        case .nothing: "–"
        case .text(let text): text
        case .number(let number): String(number)
        case .decimal(let number): String(format: "%.2f", number)
        case .bytes(let number): Shown.size(number)
        case .flag(let isSet): isSet ? "yes" : "no"
        case .time(let text): Shown.time(text)
        }
    }
}

/// A row of a list.
struct ShownRow: Sendable {
    let id: String
    let name: String
    let cells: [ShownCell]

    init(_ row: AdminRow, of table: AdminTable) {
        id = row.id
        let cells = row.cells.enumerated().map { place, cell in
            ShownCell(cell, href: place == 0 ? AdminAddress.object(table.name, row.id) : nil)
        }
        self.cells = cells
        name = cells.first?.words ?? row.id
    }
}

/// The way from one page of a list to the others.
struct Pager: Sendable {
    /// A page's number; a gap has no address.
    struct Step: Sendable {
        let digits: String
        let target: String?
        let isHere: Bool
    }

    let steps: [Step]
    let earlier: String?
    let later: String?
    let isNeeded: Bool

    init(_ list: AdminList, page: Int, path: String, _ pairs: [FormFields.Pair]) {
        func address(_ number: Int) -> String {
            AdminAddress.address(path, pairs + [.init("page", String(number))])
        }
        let last = max(1, (list.count + AdminQuery.pageSize - 1) / AdminQuery.pageSize)
        let shown = Set([1, last] + Array(max(1, page - 2)...max(1, page + 2))).filter { $0 <= last }.sorted()
        var steps: [Step] = []
        for (place, number) in shown.enumerated() {
            if place > 0 && number > shown[place - 1] + 1 {
                steps.append(Step(digits: "…", target: nil, isHere: false))
            }
            steps.append(
                Step(digits: String(number), target: number == page ? nil : address(number), isHere: number == page))
        }
        self.steps = steps
        earlier = page > 1 ? address(page - 1) : nil
        later = list.hasNext && page < last ? address(page + 1) : nil
        isNeeded = last > 1
    }
}
