import Features

/// A table's objects with everything to find them by.
struct AdminListPage: Sendable {
    /// A column's head; `order` is what `aria-sort` says.
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
        }

        let heading: String
        let choices: [Choice]
    }

    /// A filter that is typed.
    struct Input: Sendable {
        let key: String
        let caption: String
        let kind: String
        let typed: String
    }

    /// A filter that came with a link from another page.
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
    /// Kept by the search's form.
    let kept: [FormFields.Pair]
    let inputs: [Input]
    let groups: [Group]
    let chips: [Chip]
    let heads: [Head]
    let rows: [ShownRow]
    let isEmpty: Bool
    let countWords: String
    let pager: Pager
    let actions: [AdminFormPage.Option]
    let hasActions: Bool
    /// The whole query, for an action on all that it means.
    let query: String
    let clearHref: String?

    init(_ frame: AdminFrame, _ table: AdminTable, _ list: AdminList, _ query: AdminQuery) {
        let path = AdminAddress.table(table.name)
        self.frame = frame
        heading = table.title
        note = table.note.isEmpty ? nil : table.note
        self.path = path
        addHref = table.add == nil ? nil : AdminAddress.object(table.name, "add")
        addTitle = "Add \(table.singular)"
        search = query.search
        inputs = table.filters.compactMap { Input($0, query) }
        let inputKeys = Set(inputs.map(\.key) + ["search"])
        kept = query.pairs.filter { !inputKeys.contains($0.name) }
        groups = table.filters.compactMap { Group($0, query, path) }
        chips = table.filters.compactMap { Chip($0, query, path) }
        heads = table.listed.map { Head($0, query, path) }
        rows = list.rows.map { ShownRow($0, of: table) }
        isEmpty = rows.isEmpty
        countWords = Self.words(list)
        pager = Pager(list, page: query.page, path: path, query.pairs)
        actions = table.actions.map { .init(value: $0.key, caption: $0.title, isSelected: false) }
        hasActions = !actions.isEmpty && !rows.isEmpty
        self.query = String(AdminAddress.address("", query.pairs).dropFirst())
        clearHref = query.search.isEmpty && query.selections.isEmpty ? nil : path
    }

    private static func words(_ list: AdminList) -> String {
        if list.hasUncounted { return "more than \(list.count) found" }
        return list.count == 1 ? "1 found" : "\(list.count) found"
    }
}

extension AdminQuery {
    /// Addresses of the same list with another value of one filter, from its first page on.
    fileprivate func address(_ path: String, choosing value: String?, of key: String) -> String {
        var copy = self
        copy.selections.removeAll { $0.key == key }
        if let value { copy.selections.append(.init(key, value)) }
        return AdminAddress.address(path, copy.pairs)
    }

    fileprivate func address(_ path: String, sortedBy key: String) -> String {
        var copy = self
        copy.isDescending = sort == key && !isDescending
        copy.sort = key
        return AdminAddress.address(path, copy.pairs)
    }
}

extension AdminListPage.Head {
    fileprivate init(_ column: AdminColumn, _ query: AdminQuery, _ path: String) {
        label = column.title
        sortHref = column.isSortable ? query.address(path, sortedBy: column.key) : nil
        order = query.sort == column.key ? (query.isDescending ? "descending" : "ascending") : nil
        isNumber = [.number, .decimal, .bytes].contains(column.kind)
    }
}

extension AdminListPage.Group {
    /// Nil for a filter that offers nothing to choose from.
    fileprivate init?(_ filter: AdminFilter, _ query: AdminQuery, _ path: String) {
        guard !filter.choices.isEmpty else { return nil }
        heading = filter.title
        let chosen = query.value(of: filter.key)
        let all = Choice(
            caption: "All", chooseHref: query.address(path, choosing: nil, of: filter.key), isChosen: chosen == nil)
        choices =
            [all]
            + filter.choices.map { choice in
                Choice(
                    caption: choice.title, chooseHref: query.address(path, choosing: choice.value, of: filter.key),
                    isChosen: chosen == choice.value)
            }
    }
}

extension AdminListPage.Input {
    /// Nil for a filter that is not typed.
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
    /// Nil for a filter that is no reference, or not in use.
    fileprivate init?(_ filter: AdminFilter, _ query: AdminQuery, _ path: String) {
        guard case .reference(let table) = filter.kind, let id = query.value(of: filter.key) else { return nil }
        caption = "\(filter.title) \(id)"
        objectHref = table.isEmpty ? nil : AdminAddress.object(table, id)
        removeHref = query.address(path, choosing: nil, of: filter.key)
    }
}
