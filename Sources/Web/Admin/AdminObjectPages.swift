import Features

/// One object with what hangs on it and what can be done to it.
struct AdminObjectPage: Sendable {
    /// What hangs on it.
    struct Related: Sendable {
        let caption: String
        let amount: String
        let listHref: String?
    }

    /// A button.
    struct Offer: Sendable {
        let key: String
        let caption: String
        let isDanger: Bool
    }

    let frame: AdminFrame
    let heading: String
    let tableTitle: String
    let tableHref: String
    let id: String
    let facts: [ShownCell]
    let related: [Related]
    let hasRelated: Bool
    let offers: [Offer]
    let editHref: String?
    let historyHref: String
    /// Where a superuser begins to act in this institution; nil for other objects and other people.
    var visitPath: String?

    init(_ frame: AdminFrame, _ table: AdminTable, _ row: AdminRow, _ counts: [AdminCount], _ actions: [AdminAction]) {
        self.frame = frame
        heading = frame.title
        tableTitle = table.title
        tableHref = AdminAddress.table(table.name)
        id = row.id
        facts = row.cells.map { ShownCell($0) }
        related = counts.map { count in
            Related(
                caption: count.related.title, amount: count.words,
                listHref: count.related.link.map { link in
                    AdminAddress.address(AdminAddress.table(link.table), [.init(link.id, row.id)])
                })
        }
        hasRelated = !related.isEmpty
        offers = actions.map { Offer(key: $0.key, caption: $0.title, isDanger: $0.isDestructive) }
        editHref = table.edit == nil ? nil : AdminAddress.object(table.name, row.id, "edit")
        historyHref = AdminAddress.object(table.name, row.id, "history")
    }
}

extension AdminCount {
    /// The number, with the size where it has one.
    var words: String { bytes.map { "\(number) (\(Shown.size($0)))" } ?? String(number) }
}

/// What is to be done, to what, and what goes with it: asked once more.
struct AdminConfirmPage: Sendable {
    /// An object that it will be done to.
    struct Object: Sendable {
        let caption: String
        let objectHref: String
    }

    private static let shown = 25

    let frame: AdminFrame
    let heading: String
    let explanation: String
    let objects: [Object]
    /// How many are not shown; nil where all are.
    let further: Int?
    let consequences: [String]
    let hasConsequences: Bool
    let path: String
    let action: String
    let ids: [String]
    let button: String
    let isDanger: Bool
    let backHref: String

    init(
        _ frame: AdminFrame, _ table: AdminTable, _ action: AdminAction, _ rows: [AdminRow], _ counts: [AdminCount],
        backHref: String
    ) {
        self.frame = frame
        heading = frame.title
        explanation = action.explanation
        objects = rows.prefix(Self.shown).map { row in
            let shown = ShownRow(row, of: table)
            return Object(caption: shown.name, objectHref: AdminAddress.object(table.name, row.id))
        }
        further = rows.count > Self.shown ? rows.count - Self.shown : nil
        consequences = counts.filter { !$0.related.fate.isEmpty && $0.number > 0 }.map {
            "\($0.related.title): \($0.words) – \($0.related.fate)"
        }
        hasConsequences = !consequences.isEmpty
        path = AdminAddress.table(table.name)
        self.action = action.key
        ids = rows.map(\.id)
        button = "\(action.title): \(table.number(rows.count))"
        isDanger = action.isDestructive
        self.backHref = backHref
    }
}

extension AdminTable {
    /// `1 case`, `3 cases`.
    func number(_ count: Int) -> String {
        count == 1 ? "1 \(singular)" : "\(count) \(title.lowercased())"
    }
}

/// What came of an action that some objects refused, or of a form that has something to tell.
struct AdminOutcomePage: Sendable {
    /// An object that stayed as it was.
    struct Refused: Sendable {
        let caption: String
        let objectHref: String
        let why: String
    }

    let frame: AdminFrame
    let heading: String
    let done: String
    let refused: [Refused]
    let hasRefused: Bool
    let backHref: String
    /// An address to hand on.
    let handOn: String?

    init(
        _ frame: AdminFrame, _ table: AdminTable, done: String, _ refusals: [AdminOutcome.Refusal] = [],
        handOn: String? = nil, backHref: String
    ) {
        self.handOn = handOn
        self.frame = frame
        heading = frame.title
        self.done = done
        refused = refusals.map {
            Refused(caption: $0.name, objectHref: AdminAddress.object(table.name, $0.id), why: $0.sentence)
        }
        hasRefused = !refused.isEmpty
        self.backHref = backHref
    }
}

/// Who did what to one object.
struct AdminHistoryPage: Sendable {
    let frame: AdminFrame
    let heading: String
    let objectHref: String
    let tableTitle: String
    let tableHref: String
    let heads: [String]
    let rows: [ShownRow]
    let isEmpty: Bool
    let pager: Pager

    init(_ frame: AdminFrame, _ table: AdminTable, id: String, _ list: AdminList, audit: AdminTable, page: Int) {
        self.frame = frame
        heading = frame.title
        objectHref = AdminAddress.object(table.name, id)
        tableTitle = table.title
        tableHref = AdminAddress.table(table.name)
        heads = audit.listed.map(\.title)
        rows = list.rows.map { ShownRow($0, of: audit) }
        isEmpty = rows.isEmpty
        pager = Pager(list, page: page, path: AdminAddress.object(table.name, id, "history"), [])
    }
}
