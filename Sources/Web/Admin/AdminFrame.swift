import Administration
import Features
import Foundation
import Kernel

/// The frame of every administration page.
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
    /// Errors, shown above everything else.
    var failures: [String] = []
    /// The message about a completed operation.
    var notice: String?
    /// The institution that a superuser visits, if any.
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

/// A value as displayed.
struct ShownCell: Sendable {
    let label: String
    let words: String
    let isNumber: Bool
    let isState: Bool
    let isLong: Bool
    /// Whether it needs a wide column.
    let isWide: Bool
    /// Replaces the text in an editable list.
    var control: FormControl?
    /// The link's target; `nil` without a link.
    let href: String?

    /// - Parameter isListed: whether it is in a list, where ids are abbreviated.
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

    /// `Role: doctor → radiologist`, or only the field if the trail has no values.
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
    /// The row's original values, submitted with its changes.
    private(set) var hidden: [FormFields.Pair] = []
    /// The errors that prevented saving.
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
    /// The form that the inputs of a list belong to.
    private static let owner = "edits"

    /// The same with inputs for the editable columns.
    ///
    /// - Parameters:
    ///   - entered: the rejected input; `nil` shows the stored values.
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
        // Rejected input keeps the revision that it was based on.
        if let revision = shown[AdminForm.revision] {
            copy.hidden.append(.init(FormControl.name(AdminForm.revision, row: id), revision))
        }
        copy.faults = refusal.map { [$0.sentence] } ?? []
        copy.isWrong = refusal != nil
        return copy
    }
}

/// Links between the pages of a list.
struct Pager: Sendable {
    /// A page number; a gap has no link.
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
