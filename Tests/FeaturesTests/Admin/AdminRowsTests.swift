import Foundation
import Storage
import TestSupport
import Testing

@testable import Administration
@testable import Features
@testable import Kernel

/// Lists in the database: searched, filtered, sorted, paginated and counted.
@Suite struct AdminRowsTests {
    /// An administrator and cases of these patients, created one second apart.
    private static func with(
        _ kind: TestDatabase, _ patients: [String],
        _ body: @escaping @Sendable (FeaturesFixture, Person, [Case]) async throws -> Void
    ) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            var cases: [Case] = []
            for patient in patients { cases.append(try await clinic.makeCase(root, patient: patient)) }
            try await body(clinic, root, cases)
        }
    }

    @Test(arguments: TestDatabase.all) func theNewestComeFirstUnlessAnotherOrderIsChosen(
        _ kind: TestDatabase
    ) async throws {
        try await Self.with(kind, ["B-1", "A-2", "C_3"]) { clinic, root, _ in
            let newest = try await clinic.names(root, "cases")
            #expect(newest == ["C_3", "A-2", "B-1"])
            #expect(try await clinic.names(root, "cases") { $0.sort = "patientId" } == ["A-2", "B-1", "C_3"])
            #expect(
                try await clinic.names(root, "cases") {
                    $0.sort = "patientId"
                    $0.isDescending = true
                } == ["C_3", "B-1", "A-2"])
            // An unknown or unsortable column never becomes SQL.
            for key in ["c.patient_id", "images", "patientId; DROP TABLE cases"] {
                #expect(try await clinic.names(root, "cases") { $0.sort = key } == ["C_3", "A-2", "B-1"], "\(key)")
            }
        }
    }

    /// Rows without a value are last in both sort directions, on both databases.
    @Test(arguments: TestDatabase.all) func missingValuesComeLast(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["A", "B", "C"]) { clinic, root, cases in
            for (item, time) in [(cases[0], Int64(2)), (cases[2], 1)] {
                try await clinic.database.write {
                    try $0.execute("UPDATE cases SET completed_at = \(time) WHERE id = \(item.id)")
                }
            }
            #expect(try await clinic.names(root, "cases") { $0.sort = "completedAt" } == ["C", "A", "B"])
            #expect(
                try await clinic.names(root, "cases") {
                    $0.sort = "completedAt"
                    $0.isDescending = true
                } == ["A", "C", "B"])
        }
    }

    @Test(arguments: TestDatabase.all) func everyWordIsFoundLiterally(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["SMITH-1", "SMITH_2", "50%"]) { clinic, root, cases in
            for (text, names) in [
                ("smith", ["SMITH-1", "SMITH_2"]),
                // The database's wildcards are matched as literal characters.
                ("h_", ["SMITH_2"]), ("%", ["50%"]), ("!", []),
                ("lovelace smith-1", ["SMITH-1"]), ("smith 50", []), (cases[2].id.string.uppercased(), ["50%"]),
                // Words after the eighth are ignored, which keeps the statement short.
                ("s m i t h s m i nonsense", ["SMITH-1", "SMITH_2"]),
            ] {
                let found = try await clinic.names(root, "cases") { $0.search = text }.sorted()
                #expect(found == names, "\(text)")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func filtersNarrowTogether(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["A", "B", "C"]) { clinic, root, cases in
            let other = try await clinic.signIn(.doctor)
            _ = try await clinic.makeCase(other, patient: "D") { $0[.sex] = .value("M") }
            _ = try await clinic.act(root, "cases", "archive", on: [cases[0].id.string])
            func found(_ choices: (String, String)...) async throws -> [String] {
                try await clinic.names(root, "cases") { query in
                    for (key, value) in choices { query.choose(key, value) }
                }.sorted()
            }
            #expect(try await found(("status", "archived")) == ["A"])
            #expect(try await found(("sex", "F"), ("status", "created")) == ["B", "C"])
            #expect(try await found(("author", other.user.id.string.uppercased())) == ["D"])
            #expect(try await found(("status", "archived"), ("sex", "M")).isEmpty)
            // A filter that the table does not have, as in an old bookmark, is ignored.
            #expect(try await found(("colour", "red")).count == 4)
            await #expect { try await found(("status", "lost")) } throws: {
                isAppError($0, .validation, field: "status")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func timesAreNarrowedByPeriodsAndDays(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["A", "B", "C", "D"]) { clinic, root, cases in
            let now = clinic.clock.now
            let hours: [Int64] = [23, 25, 24 * 8, 24 * 400]
            for (item, hours) in zip(cases, hours) {
                let time = now.advanced(by: .seconds(-3600 * hours))
                try await clinic.database.write {
                    try $0.execute("UPDATE cases SET created_at = \(time) WHERE id = \(item.id)")
                }
            }
            func found(_ value: String) async throws -> [String] {
                try await clinic.names(root, "cases") { $0.choose("created", value) }.sorted()
            }
            #expect(try await found("1") == ["A"])
            #expect(try await found("7") == ["A", "B"])
            #expect(try await found("30") == ["A", "B", "C"])
            #expect(try await found("365") == ["A", "B", "C"])
            #expect(
                try await found(String(now.advanced(by: .seconds(-3600 * 24 * 400)).description.prefix(10))) == ["D"])
        }
    }

    /// The trail's first day starts at midnight, and its last day is included completely.
    @Test(arguments: TestDatabase.all) func aDayBeginsAndEndsAtMidnight(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let root = try await clinic.signIn(.admin)
            for (name, text) in [
                ("before", "2026-10-31T23:59:59.999999Z"), ("first", "2026-11-01T00:00:00Z"),
                ("last", "2026-11-02T23:59:59.999999Z"), ("behind", "2026-11-03T00:00:00Z"),
            ] {
                let entry = AuditEntry(root.scope, "test.\(name)", "case", nil, at: try #require(Timestamp(text)))
                try await clinic.database.write { try AuditStore($0).append(entry) }
            }
            func found(_ choices: (String, String)...) async throws -> [String] {
                try await clinic.rows(root, "audit") { query in
                    for (key, value) in choices { query.choose(key, value) }
                    query.search = "test."
                }.rows.compactMap { $0["action"]?.text }
            }
            #expect(try await found(("from", "2026-11-01"), ("to", "2026-11-02")) == ["test.last", "test.first"])
            #expect(try await found(("to", "2026-10-31")) == ["test.before"])
            #expect(try await found(("from", "2026-11-03")) == ["test.behind"])
            #expect(try await found(("period", "2026-11")).count == 3)
            #expect(try await found(("action", "test.first")) == ["test.first"])
        }
    }

    @Test(arguments: TestDatabase.all) func aPageHoldsFiftyAndOneMoreMakesTheNext(_ kind: TestDatabase) async throws {
        try await Self.with(kind, (100..<150).map { "P\($0)" }) { clinic, root, _ in
            let full = try await clinic.rows(root, "cases") { $0.sort = "patientId" }
            #expect(full.rows.count == 50 && full.count == 50 && !full.hasNext && !full.hasUncounted)
            _ = try await clinic.makeCase(root, patient: "P150")
            let first = try await clinic.rows(root, "cases") { $0.sort = "patientId" }
            #expect(first.rows.map(\.name) == (100..<150).map { "P\($0)" } && first.hasNext && first.count == 51)
            let second = try await clinic.rows(root, "cases") {
                $0.sort = "patientId"
                $0.page = 2
            }
            #expect(second.rows.map(\.name) == ["P150"] && !second.hasNext && second.count == 51)
            // No page of a table reads past its first ten thousand rows.
            #expect(try await clinic.names(root, "cases") { $0.page = 200 }.isEmpty)
            await #expect { try await clinic.names(root, "cases") { $0.page = 201 } } throws: {
                isAppError($0, .validation, field: "page")
            }
        }
    }

    /// A list shows a subset of columns, an object's page all of them.
    @Test func anObjectShowsMoreThanItsRow() async throws {
        try await Self.with(.sqlite, ["A"]) { clinic, root, cases in
            let listed = try #require(try await clinic.rows(root, "cases").rows.first)
            #expect(listed["patientId"]?.text == "A" && listed["notes"] == nil && listed["revision"] == nil)
            let row = try await clinic.row(root, "cases", cases[0].id.string)
            #expect(row["notes"]?.meaning == .nothing && row["images"]?.meaning == .number(0))
            #expect(row.revision == 1 && row["author"]?.link == AdminReference(table: "users", id: root.user.id.string))
            #expect(row["createdAt"]?.meaning == .time(cases[0].createdAt.description))
            await #expect { try await clinic.row(root, "cases", CaseID().string) } throws: {
                isAppError($0, .notFound) && ($0 as? AppError)?.message == "Case not found."
            }
        }
    }

    @Test(arguments: TestDatabase.all) func choicesAreCountedBesideTheChosenOne(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["A-1", "A-2", "B-1"]) { clinic, root, cases in
            _ = try await clinic.act(root, "cases", "archive", on: [cases[0].id.string])
            func counts(_ filter: String, _ change: (inout AdminQuery) -> Void) async throws -> [String: Int] {
                let list = try await clinic.rows(root, "cases") { query in
                    query.showsCounts = true
                    change(&query)
                }
                let choices = try #require(try clinic.table(root, "cases").filter(filter)).choices
                let counts = try #require(list.facets.first { $0.filter == filter }?.counts)
                return Dictionary(uniqueKeysWithValues: zip(choices.map(\.value), counts)).filter { $0.value > 0 }
            }
            #expect(try await counts("status") { _ in } == ["created": 2, "archived": 1])
            #expect(try await counts("status") { $0.choose("status", "archived") } == ["created": 2, "archived": 1])
            #expect(try await counts("sex") { $0.choose("status", "archived") } == ["F": 1])
            #expect(try await counts("created") { $0.search = "a-" } == ["1": 2, "7": 2, "30": 2, "365": 2])
            #expect(try await clinic.rows(root, "cases").facets.isEmpty)
            // Free text and values from other pages have no choices to count.
            let list = try await clinic.rows(root, "cases") { $0.showsCounts = true }
            #expect(list.facets.map(\.filter) == ["status", "sex", "field", "created"])
        }
    }

    @Test(arguments: TestDatabase.all) func theCalendarOffersWhatHasRows(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["A", "B", "C"]) { clinic, root, cases in
            for (item, day) in zip(cases, ["2024-05-31T23:59:59Z", "2026-02-01T00:00:00Z", "2026-02-28T12:00:00Z"]) {
                let time = try #require(Timestamp(day))
                try await clinic.database.write {
                    try $0.execute("UPDATE cases SET created_at = \(time) WHERE id = \(item.id)")
                }
            }
            func next(_ change: (inout AdminQuery) -> Void) async throws -> [String] {
                try #require(try await clinic.rows(root, "cases", change).calendar).next.map(\.text)
            }
            // 2025 has none.
            #expect(try await next { _ in } == ["2024", "2026"])
            #expect(try await next { $0.choose("created", "2026-02") }.count == 28)
            #expect(try await next { $0.choose("created", "2026-02-28") }.isEmpty)
            // All results are in one month, so its days are shown at once.
            #expect(try await next { $0.search = "b" }.isEmpty)
            #expect(try await next { $0.choose("created", "2023") }.isEmpty)
            let calendar = try #require(
                try await clinic.rows(root, "cases") { $0.choose("created", "2026-02") }.calendar)
            #expect(calendar.filter == "created" && calendar.path.map(\.text) == ["2026", "2026-02"])
            #expect(try await clinic.rows(root, "models").calendar == nil)
        }
    }

    /// Lists, filters, counts and sort orders of every table are valid SQL on both databases, whatever their contents.
    @Test(arguments: TestDatabase.all) func everyTableAnswersEveryQuestion(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["A"]) { clinic, root, cases in
            _ = try await clinic.add(root, cases[0], .t1, "image 1")
            for table in try clinic.administration.tables(root.scope) {
                _ = try await clinic.rows(root, table.name) {
                    $0.showsCounts = true
                    $0.search = "x"
                }
                for column in table.columns where column.isSortable {
                    for isDescending in [true, false] {
                        _ = try await clinic.rows(root, table.name) {
                            $0.sort = column.key
                            $0.isDescending = isDescending
                        }
                    }
                }
                for filter in table.filters {
                    let value =
                        switch filter.kind {
                        case .since, .until: "2026-11-30"
                        case .text: "a text"
                        case .reference: root.user.id.string
                        default: try #require(filter.choices.first).value
                        }
                    _ = try await clinic.rows(root, table.name) { $0.choose(filter.key, value) }
                }
            }
        }
    }

    @Test func aReadLeavesItsTrace() async throws {
        try await Self.with(.sqlite, ["A"]) { clinic, root, cases in
            _ = try await clinic.rows(root, "cases")
            _ = try await clinic.rows(root, "tasks")
            _ = try await clinic.row(root, "cases", cases[0].id.string)
            #expect(try await clinic.traces("case.list") == [""])
            #expect(try await clinic.traces("inference.list") == [""])
            #expect(try await clinic.traces("case.read") == [cases[0].id.string])
        }
    }

    /// The history of an object shows only that object's entries, newest first.
    @Test(arguments: TestDatabase.all) func anObjectHasItsHistory(_ kind: TestDatabase) async throws {
        try await Self.with(kind, ["A", "B"]) { clinic, root, cases in
            let id = cases[0].id.string
            _ = try await clinic.save(
                root, "cases", id: id, ["patientId": "A", "age": "62", "sex": "F", "status": "created"])
            let history = try await clinic.administration.history(
                root.scope, clinic.table(root, "cases"), id: id, page: 1)
            #expect(history.rows.compactMap { $0["action"]?.text } == ["case.update", "case.create"])
            let change = try #require(history.rows.first?["changes"]?.meaning)
            guard case .changes(let changes) = change else {
                Issue.record("\(change)")
                return
            }
            // The age is patient data: the trail records permanently that it changed, but not its former value.
            #expect(changes.map(\.field) == ["age"] && changes[0].from == nil && changes[0].to == nil)
            #expect(history.rows[0]["object"]?.link == AdminReference(table: "cases", id: id))
            let second = try await clinic.administration.history(
                root.scope, clinic.table(root, "cases"), id: id, page: 2)
            #expect(second.rows.isEmpty)
        }
    }
}
