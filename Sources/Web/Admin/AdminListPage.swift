import Administration

/// A table's objects with search, filters and paging.
struct AdminListPage: Sendable {
    /// A column's header; `order` is the value of `aria-sort`.
    struct Head: Sendable {
        let label: String
        let sortHref: String?
        let order: String?
        let isNumber: Bool
    }

    /// A filter with its choices as links.
    struct Group: Sendable {
        /// One of them, or all.
        struct Choice: Sendable {
            let caption: String
            let chooseHref: String
            let isChosen: Bool
            /// The number of matching rows; `nil` if counts are hidden or there are too many.
            let amount: String?
        }

        let heading: String
        let choices: [Choice]
    }

    /// A filter with typed input.
    struct Input: Sendable {
        let key: String
        let caption: String
        let kind: String
        let typed: String
    }

    /// Links to years, months or days, and back.
    struct Calendar: Sendable {
        /// A year, month or day; the current one has no link.
        struct Step: Sendable {
            let caption: String
            let stepHref: String?
        }

        let path: [Step]
        let next: [Step]
    }

    /// A filter set by a link from another page.
    struct Chip: Sendable {
        let caption: String
        let objectHref: String?
        let removeHref: String
    }

    let frame: AdminFrame
    let heading: String
    let note: String?
    let path: String
    let addHref: String?
    let addTitle: String
    let search: String
    /// Preserved by the search form.
    let kept: [FormFields.Pair]
    let inputs: [Input]
    let groups: [Group]
    let hasGroups: Bool
    /// Shows or hides the counts.
    let countsHref: String
    let countsCaption: String
    let calendar: Calendar?
    let chips: [Chip]
    let heads: [Head]
    let rows: [ShownRow]
    let isEmpty: Bool
    let countWords: String
    /// The label of the checkbox that selects every page of the list.
    let selectAll: String
    let pager: Pager
    let actions: [FormControl.Option]
    let hasActions: Bool
    /// The list's state, for actions on all matching rows and for returning.
    let query: String
    let clearHref: String?
    /// The number of displayed columns.
    let columnCount: Int
    /// Whether rows can be edited in the list.
    let isEditable: Bool
    let editPath: String
    /// The URL of an export of the same rows.
    var exportHref: String?
    var exportNote: String?

    init(
        _ frame: AdminFrame, _ table: AdminTable, _ list: AdminList, _ query: AdminQuery, _ refused: RefusedEdits? = nil
    ) {
        let path = AdminAddress.table(table.name)
        let place = AdminListState(table, query)
        self.frame = frame
        heading = table.title
        note = table.note.isEmpty ? nil : table.note
        self.path = path
        addHref = table.add == nil ? nil : place.object("add")
        addTitle = "Add \(table.singular)"
        search = query.search
        inputs = table.filters.compactMap { Input($0, query) }
        let inputKeys = Set(inputs.map(\.key) + ["search"])
        kept = query.pairs.filter { !inputKeys.contains($0.name) }
        groups = table.filters.compactMap { filter in
            Group(filter, list.facets.first { $0.filter == filter.key }, query, path)
        }
        hasGroups = !groups.isEmpty
        var counted = query
        counted.showsCounts.toggle()
        countsHref = AdminListState(table, counted).href
        countsCaption = query.showsCounts ? "Hide counts" : "Show counts"
        calendar = list.calendar.flatMap { Calendar($0, query, path) }
        chips = table.filters.compactMap { Chip($0, query, path) }
        heads = table.listed.map { Head($0, query, path) }
        rows = list.rows.map { row in
            let shown = ShownRow(row, in: place)
            guard let form = table.listEdit, !row.isSuperusers || frame.isSuperuser else { return shown }
            return shown.editable(row, by: form, entered: refused?.entered(row.id), refusal: refused?.refusal(row.id))
        }
        isEmpty = rows.isEmpty
        countWords = Self.words(list)
        selectAll = list.hasUncounted ? "Select all results" : "Select all \(countWords)"
        pager = Pager(list, page: query.page, path: path, query.pairs)
        actions = table.actions.map { .init(value: $0.key, caption: $0.title, isSelected: false) }
        hasActions = !actions.isEmpty && !rows.isEmpty
        columnCount = heads.count + (hasActions ? 1 : 0)
        self.query = place.text
        isEditable = table.listEdit != nil && !rows.isEmpty
        editPath = AdminAddress.object(table.name, "list")
        clearHref = query.search.isEmpty && query.selections.isEmpty ? nil : path
    }

    private static func words(_ list: AdminList) -> String {
        if list.hasUncounted { return "More than \(list.count) results" }
        return list.count == 1 ? "1 result" : "\(list.count) results"
    }
}

extension AdminQuery {
    /// The URL of the same list with another value of one filter.
    fileprivate func address(_ path: String, choosing value: String?, of key: String) -> String {
        AdminAddress.address(path, choosing(value, of: key).pairs)
    }

    fileprivate func address(_ path: String, sortedBy key: String) -> String {
        var copy = self
        copy.isDescending = sort == key && !isDescending
        copy.sort = key
        return AdminAddress.address(path, copy.pairs)
    }
}

extension AdminListPage.Head {
    /// A header without sorting.
    init(_ column: AdminColumn) {
        label = column.title
        sortHref = nil
        order = nil
        isNumber = column.isNumber
    }

    fileprivate init(_ column: AdminColumn, _ query: AdminQuery, _ path: String) {
        label = column.title
        sortHref = column.isSortable ? query.address(path, sortedBy: column.key) : nil
        order = query.sort == column.key ? (query.isDescending ? "descending" : "ascending") : nil
        isNumber = column.isNumber
    }
}

/// Rejected edits of rows in a list.
struct RefusedEdits: Sendable {
    private let edits: [String: AdminEdit]
    private let refusals: [String: AdminOutcome.Refusal]

    init(_ edits: [AdminEdit], _ refusals: [AdminOutcome.Refusal]) {
        self.edits = Dictionary(edits.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.refusals = Dictionary(refusals.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func refusal(_ id: String) -> AdminOutcome.Refusal? { refusals[id] }

    /// The input to correct; `nil` if the row must be reloaded, since it was changed by others or may not be changed.
    func entered(_ id: String) -> AdminForm.Values? {
        refusals[id]?.error.code == .validation ? edits[id]?.values : nil
    }

    /// Errors of rows that `list` no longer shows, to be shown above it.
    func unseen(in list: AdminList) -> [String] {
        let seen = Set(list.rows.map(\.id))
        return refusals.values.filter { !seen.contains($0.id) }.map { "\($0.name): \($0.sentence)" }.sorted()
    }
}

extension AdminListPage.Group {
    /// `nil` for a filter without choices.
    fileprivate init?(_ filter: AdminFilter, _ facet: AdminFacet?, _ query: AdminQuery, _ path: String) {
        guard !filter.choices.isEmpty else { return nil }
        heading = filter.title
        let chosen = query.value(of: filter.key)
        let all = Choice(
            caption: "All", chooseHref: query.address(path, choosing: nil, of: filter.key), isChosen: chosen == nil,
            amount: nil)
        choices =
            [all]
            + filter.choices.enumerated().map { place, choice in
                Choice(
                    caption: choice.title, chooseHref: query.address(path, choosing: choice.value, of: filter.key),
                    isChosen: chosen == choice.value, amount: facet?.counts.map { String($0[place]) })
            }
    }
}

extension AdminListPage.Calendar {
    /// `nil` if there is nothing to choose and nothing selected.
    fileprivate init?(_ calendar: AdminCalendar, _ query: AdminQuery, _ path: String) {
        guard !calendar.path.isEmpty || !calendar.next.isEmpty else { return nil }
        func step(_ part: CalendarPart) -> Step {
            Step(caption: part.title, stepHref: query.address(path, choosing: part.text, of: calendar.filter))
        }
        let all = Step(caption: "All dates", stepHref: query.address(path, choosing: nil, of: calendar.filter))
        let last = calendar.path.last.map { Step(caption: $0.title, stepHref: nil) }
        self.path = last.map { [all] + calendar.path.dropLast().map(step) + [$0] } ?? []
        next = calendar.next.map(step)
    }
}

extension AdminListPage.Input {
    /// `nil` for a filter without typed input.
    fileprivate init?(_ filter: AdminFilter, _ query: AdminQuery) {
        switch filter.kind {
        case .text: kind = "text"
        case .since, .until: kind = "date"
        default: return nil
        }
        key = filter.key
        caption = filter.title
        typed = query.value(of: filter.key) ?? ""
    }
}

extension AdminListPage.Chip {
    /// `nil` for a filter that is not a reference, or not set.
    fileprivate init?(_ filter: AdminFilter, _ query: AdminQuery, _ path: String) {
        guard case .reference(let table) = filter.kind, let id = query.value(of: filter.key) else { return nil }
        caption = "\(filter.title) \(id)"
        objectHref = table.isEmpty ? nil : AdminAddress.object(table, id)
        removeHref = query.address(path, choosing: nil, of: filter.key)
    }
}
