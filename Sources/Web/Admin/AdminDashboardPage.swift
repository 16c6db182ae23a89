import Administration

/// An overview of the institution.
struct AdminDashboardPage: Sendable {
    /// Objects of one kind, counted by state.
    struct Card: Sendable {
        /// The number in one state.
        struct Line: Sendable {
            let state: String
            let count: Int
            let lineHref: String
        }

        let heading: String
        let cardHref: String
        let total: Int
        let lines: [Line]
    }

    /// A task that failed.
    struct Failure: Sendable {
        let ended: String
        let sentence: String
        let taskHref: String
    }

    /// The user's own recent change.
    struct Change: Sendable {
        let moment: String
        let action: String
        let caption: String
        let changedHref: String?
        let fields: String
    }

    let frame: AdminFrame
    let heading: String
    let cards: [Card]
    let failures: [Failure]
    let hasFailures: Bool
    let changes: [Change]
    let hasChanges: Bool
    let oldestWait: String
    let storage: String
    let model: String
    let modelHref: String
    let openSessions: Int
    let sessionsHref: String
    let refusals: Int
    let refusalsHref: String
    let waiting: Int
    let waitingHref: String

    init(_ frame: AdminFrame, _ dashboard: AdminDashboard) {
        self.frame = frame
        heading = frame.title
        cards = [
            Card("Users", "users", "role", dashboard.users), Card("Cases", "cases", "status", dashboard.cases),
            Card("Tasks", "tasks", "status", dashboard.tasks), Card("Reports", "reports", "status", dashboard.reports),
        ]
        failures = dashboard.failedTasks.map {
            Failure(
                ended: Format.time($0.endedAt.description), sentence: $0.error,
                taskHref: AdminAddress.object("tasks", $0.id))
        }
        hasFailures = !failures.isEmpty
        changes = dashboard.recent.map(Change.init)
        hasChanges = !changes.isEmpty
        oldestWait = dashboard.oldestWait.map { "\($0.components.seconds) s" } ?? "None waiting"
        storage = "\(Format.size(dashboard.bytes)) in \(dashboard.files) files"
        let active = dashboard.model?.model.identity
        model = active.map { "\($0.name) \($0.version)" } ?? "none"
        modelHref = AdminAddress.table("models")
        openSessions = dashboard.openSessions
        sessionsHref = AdminAddress.address(AdminAddress.table("sessions"), [.init("ended", "0")])
        refusals = dashboard.refusals
        waiting = dashboard.waiting
        waitingHref = AdminAddress.address(AdminAddress.table("users"), [.init("pending", "1")])
        refusalsHref = AdminAddress.address(
            AdminAddress.table("audit"), [.init("outcome", "refused"), .init("period", "1")])
    }
}

extension AdminDashboardPage.Card {
    fileprivate init(_ heading: String, _ table: String, _ filter: String, _ tallies: [AdminDashboard.Tally]) {
        self.heading = heading
        cardHref = AdminAddress.table(table)
        total = tallies.reduce(0) { $0 + $1.number }
        lines = tallies.map { tally in
            Line(
                state: tally.state, count: tally.number,
                lineHref: AdminAddress.address(AdminAddress.table(table), [.init(filter, tally.state)]))
        }
    }
}

extension AdminDashboardPage.Change {
    fileprivate init(_ entry: AdminRow) {
        func cell(_ key: String) -> ShownCell? { entry[key].map { ShownCell($0, of: entry) } }
        moment = cell("occurredAt")?.words ?? ""
        action = cell("action")?.words ?? ""
        caption = (cell("object")?.words ?? "").replacing("_", with: " ")
        changedHref = cell("object")?.href
        fields = cell("changes")?.words ?? ""
    }
}
