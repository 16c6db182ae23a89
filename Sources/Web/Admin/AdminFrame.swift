import Administration
import Features
import Foundation
import Kernel

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
    let isSuperuser: Bool
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
        isSuperuser = user.isSuperuser
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
    /// Whether it needs room to be read.
    let isWide: Bool
    /// In place of the words, where the list can be edited.
    var control: FormControl?
    /// Where it leads to; nil where it leads nowhere.
    let href: String?

    /// - Parameter isListed: whether it stands among many, where an id is told by its beginning.
    init(_ cell: AdminCell, of row: AdminRow, isListed: Bool = false, href: String? = nil) {
        label = cell.column.title
        let words = Self.words(cell, of: row)
        self.words = isListed && ID<AuditEntry>(words) != nil ? String(words.prefix(8)) : words
        isNumber = cell.column.isNumber
        isState = cell.column.kind == .state && cell.meaning != .nothing
        isLong = cell.column.kind == .longText
        isWide = cell.column.kind == .changes && cell.meaning != .nothing
        self.href = href ?? cell.link.map { AdminAddress.object($0.table, $0.id) }
    }

    private static func words(_ cell: AdminCell, of row: AdminRow) -> String {
        switch cell.meaning {
        case .nothing: "–"
        case .text(let text): text
        case .number(let number): String(number)
        case .decimal(let number): String(format: "%.2f", number)
        case .bytes(let number): Format.size(number)
        case .flag(let isSet): isSet ? "yes" : "no"
        case .time(let text): cell.column.showsSeconds ? Format.moment(text) : Format.time(text)
        case .changes(let changes): changes.map { Self.words($0, of: row.audited) }.joined(separator: "; ")
        }
    }

    /// `Role: doctor → radiologist`, or the field alone where the trail holds no values.
    private static func words(_ change: FieldChange, of table: AdminTable?) -> String {
        let column = table?.columns.first { $0.key == change.field }
        func value(_ text: String?) -> String {
            switch (text, column?.kind) {
            case (nil, _): "none"
            case ("true", .flag): "yes"
            case ("false", .flag): "no"
            case (let text?, .bytes): Int64(text).map { ByteCount($0).description } ?? text
            case (let text?, _): text
            }
        }
        let title = column?.title ?? change.field.prefix(1).uppercased() + change.field.dropFirst()
        return change.hasValues ? "\(title): \(value(change.from)) → \(value(change.to))" : title
    }
}

/// A row of a list.
struct ShownRow: Sendable {
    let id: String
    let name: String
    private(set) var cells: [ShownCell]
    /// What the row was when the list was made, to be sent along with what becomes of it.
    private(set) var hidden: [FormFields.Pair] = []
    /// Why it was not saved.
    private(set) var faults: [String] = []
    private(set) var isWrong = false

    init(_ row: AdminRow, in place: AdminListState) {
        id = row.id
        let cells = row.cells.enumerated().map { column, cell in
            ShownCell(cell, of: row, isListed: true, href: column == 0 ? place.object(row.id) : nil)
        }
        self.cells = cells
        name = cells.first?.words ?? row.id
    }
}

extension ShownRow {
    /// The form that the controls of a list belong to.
    private static let owner = "edits"

    /// The same with controls for what can be changed in the list.
    ///
    /// - Parameters:
    ///   - entered: what somebody wrote into the row that was refused; nil shows what it holds.
    func editable(
        _ row: AdminRow, by form: AdminForm, entered: AdminForm.Values? = nil, refusal: AdminOutcome.Refusal? = nil
    ) -> ShownRow {
        var copy = self
        let stored = form.values(of: row)
        let shown = entered ?? stored
        for field in form.fields {
            guard let place = row.cells.firstIndex(where: { $0.column.key == field.key }) else { continue }
            var control = FormControl(
                field, name: FormControl.name(field.key, row: id), value: shown[field.key],
                isWrong: refusal?.error.fields[field.key] != nil)
            control.owner = Self.owner
            control.spoken = "\(field.title) of \(name)"
            control.description = refusal == nil ? nil : "h-\(id)"
            copy.cells[place].control = control
            copy.hidden.append(
                .init(FormControl.name(AdminEdit.former + field.key, row: id), stored[field.key] ?? ""))
        }
        // What was entered keeps the revision that was seen then.
        if let revision = shown[AdminForm.revision] {
            copy.hidden.append(.init(FormControl.name(AdminForm.revision, row: id), revision))
        }
        copy.faults = refusal.map { [$0.sentence] } ?? []
        copy.isWrong = refusal != nil
        return copy
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
