import Administration

extension AdminCount {
    /// The number, with the size if known.
    var words: String { bytes.map { "\(number) (\(Format.size($0)))" } ?? String(number) }
}

/// The confirmation page of an action, with its objects and those deleted with them.
struct AdminConfirmPage: Sendable {
    /// An object of the action.
    struct Object: Sendable {
        let caption: String
        let objectHref: String
    }

    let frame: AdminFrame
    let heading: String
    let explanation: String
    let objects: [Object]
    /// The number of objects not shown; `nil` if all are.
    let further: Int?
    let consequences: [String]
    let hasConsequences: Bool
    /// Selected objects that would be refused, with the reasons.
    let excluded: [String]
    let hasExcluded: Bool
    let path: String
    let action: String
    /// The list to return to.
    let query: String
    let ids: [String]
    let button: String
    let isDanger: Bool
    let backHref: String

    init(
        _ frame: AdminFrame, _ place: AdminListState, _ action: AdminAction, _ confirmation: AdminConfirmation,
        backHref: String
    ) {
        self.frame = frame
        heading = frame.title
        explanation = action.explanation
        objects = confirmation.shown.map { row in
            Object(caption: ShownRow(row, in: place).name, objectHref: place.object(row.id))
        }
        ids = confirmation.ids
        further = ids.count > objects.count ? ids.count - objects.count : nil
        consequences = confirmation.counts.filter { !$0.related.fate.isEmpty && $0.number > 0 }.map {
            "\($0.related.title): \($0.words) – \($0.related.fate)"
        }
        hasConsequences = !consequences.isEmpty
        excluded = confirmation.refusals.map { "\($0.name): \($0.sentence)" }
        hasExcluded = !excluded.isEmpty
        path = AdminAddress.table(place.table.name)
        query = place.text
        self.action = action.key
        button = action.title(for: place.table.number(ids.count))
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

/// The result of an action that was refused for some objects, or of a form with a message.
struct AdminOutcomePage: Sendable {
    /// An unchanged object.
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
    /// A URL to pass on.
    let handOn: String?

    init(
        _ frame: AdminFrame, _ place: AdminListState, done: String, _ refusals: [AdminOutcome.Refusal] = [],
        handOn: String? = nil, backHref: String
    ) {
        self.handOn = handOn
        self.frame = frame
        heading = frame.title
        self.done = done
        refused = refusals.map {
            Refused(caption: $0.name, objectHref: place.object($0.id), why: $0.sentence)
        }
        hasRefused = !refused.isEmpty
        self.backHref = backHref
    }
}

/// The audit trail of an object.
struct AdminHistoryPage: Sendable {
    let frame: AdminFrame
    let heading: String
    let objectHref: String
    let tableTitle: String
    let placeHref: String
    let heads: [String]
    let rows: [ShownRow]
    let isEmpty: Bool
    let pager: Pager

    init(_ frame: AdminFrame, _ place: AdminListState, id: String, _ list: AdminList, audit: AdminTable, page: Int) {
        self.frame = frame
        heading = frame.title
        objectHref = place.object(id)
        tableTitle = place.table.title
        placeHref = place.href
        heads = audit.listed.map(\.title)
        rows = list.rows.map { ShownRow($0, in: AdminListState(audit)) }
        isEmpty = rows.isEmpty
        pager = Pager(list, page: page, path: AdminAddress.object(place.table.name, id, "history"), place.carried)
    }
}

extension AdminAction {
    /// `Delete 1 user`, but `End sessions: 1 user` if the title already has an object.
    func title(for objects: String) -> String {
        title.contains(" ") ? "\(title): \(objects)" : "\(title) \(objects)"
    }
}
