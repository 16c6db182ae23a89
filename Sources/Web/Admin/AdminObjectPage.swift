import Administration

/// An object with its related objects and actions.
struct AdminObjectPage: Sendable {
    /// The number of related objects.
    struct Related: Sendable {
        let caption: String
        let amount: String
        let listHref: String?
    }

    /// Related objects as a small table.
    struct Inline: Sendable {
        /// A related object; its first cell links to it.
        struct Row: Sendable {
            let rowID: String
            let rowName: String
            let cells: [ShownCell]
            let rowOffers: [Offer]
        }

        let related: Related
        let inlineName: String
        let inlinePath: String
        let inlineHeads: [AdminListPage.Head]
        let inlineRows: [Row]
        let hasRows: Bool
        let hasRowOffers: Bool
        let inlineAddHref: String?
        let inlineAddTitle: String
        /// The link to the full list, if there are more.
        let moreHref: String?
    }

    /// A button.
    struct Offer: Sendable {
        let key: String
        let caption: String
        let isDanger: Bool

        init(_ action: AdminAction) {
            key = action.key
            caption = action.title
            isDanger = action.isDestructive
        }
    }

    /// The way to a form.
    struct FormLink: Sendable {
        let formHref: String
        let formTitle: String

        init(_ form: AdminForm, at href: String) {
            formHref = href
            formTitle = form.title
        }
    }

    let frame: AdminFrame
    let heading: String
    let tableTitle: String
    /// The list that the user came from.
    let placeHref: String
    /// The target of the buttons' forms.
    let path: String
    /// Submitted with them.
    let query: String
    let id: String
    let facts: [ShownCell]
    let inlines: [Inline]
    let related: [Related]
    let hasRelated: Bool
    let offers: [Offer]
    var forms: [FormLink] = []
    let historyHref: String
    /// The path to act in this institution as a superuser; `nil` for other objects and users.
    var visitPath: String?

    init(
        _ frame: AdminFrame, _ place: AdminListState, _ row: AdminRow, _ dependants: [AdminDependants],
        _ actions: [AdminAction]
    ) {
        self.frame = frame
        heading = frame.title
        tableTitle = place.table.title
        placeHref = place.href
        path = AdminAddress.table(place.table.name)
        query = place.text
        id = row.id
        facts = row.cells.map { ShownCell($0, of: row) }
        inlines = dependants.compactMap { Inline($0, of: row.id) }
        related = dependants.filter { $0.inline == nil }.map { Related($0, of: row.id) }
        hasRelated = !related.isEmpty
        offers = actions.map { Offer($0) }
        historyHref = place.object(row.id, "history")
    }
}

extension AdminObjectPage.Related {
    fileprivate init(_ dependants: AdminDependants, of id: String) {
        caption = dependants.count.related.title
        amount = dependants.count.words
        listHref = dependants.list.map { list in
            AdminAddress.address(
                AdminAddress.table(list.table), list.selections(of: id).map { FormFields.Pair($0.key, $0.value) })
        }
    }
}

extension AdminObjectPage.Inline {
    /// `nil` for related objects that are only counted.
    fileprivate init?(_ dependants: AdminDependants, of id: String) {
        guard let inline = dependants.inline, let list = dependants.list else { return nil }
        let table = inline.table
        related = AdminObjectPage.Related(dependants, of: id)
        inlineName = table.name
        inlinePath = AdminAddress.table(table.name)
        inlineHeads = inline.columns.map { AdminListPage.Head($0) }
        inlineRows = inline.items.map { item in
            let shown = ShownRow(item.row, in: AdminListState(table))
            return Row(
                rowID: shown.id, rowName: shown.name, cells: shown.cells,
                rowOffers: item.actions.map { AdminObjectPage.Offer($0) })
        }
        hasRows = !inlineRows.isEmpty
        hasRowOffers = inlineRows.contains { !$0.rowOffers.isEmpty }
        let filter = list.selections(of: id)[0]
        let leadsHere = table.add?.fields.contains { field in
            if case .reference = field.kind { return field.key == filter.key }
            return false
        }
        inlineAddHref =
            leadsHere == true
            ? AdminAddress.address(AdminAddress.object(table.name, "add"), [.init(filter.key, filter.value)]) : nil
        inlineAddTitle = "Add \(table.singular)"
        moreHref = dependants.count.number > inlineRows.count ? related.listHref : nil
    }
}
