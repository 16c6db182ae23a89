import Storage
import Testing

@testable import Administration
@testable import Features
@testable import Kernel

/// How database values are formatted for pages and forms.
@Suite struct AdminCellTests {
    private static func cell(_ kind: AdminColumn.Kind, _ value: SQLValue) -> AdminCell {
        AdminCell(AdminColumn("key", "Title", "", kind), value)
    }

    @Test func theColumnSaysWhatANumberMeans() {
        #expect(Self.cell(.number, .int(3)).meaning == .number(3))
        #expect(Self.cell(.bytes, .int(1024)).meaning == .bytes(1024))
        #expect(Self.cell(.flag, .int(1)).meaning == .flag(true) && Self.cell(.flag, .int(0)).meaning == .flag(false))
        #expect(Self.cell(.time, .int(0)).meaning == .time("1970-01-01T00:00:00.000000Z"))
        #expect(Self.cell(.decimal, .double(1.5)).meaning == .decimal(1.5))
        #expect(Self.cell(.state, .text("done")).meaning == .text("done"))
    }

    @Test func nothingIsNothingWhateverTheKind() {
        for kind in [AdminColumn.Kind.text, .longText, .state, .time, .number, .decimal, .bytes, .flag, .changes] {
            for value in [SQLValue.null, .text(""), .blob([1, 2])] {
                #expect(Self.cell(kind, value).meaning == .nothing, "\(kind) \(value)")
            }
            #expect(Self.cell(kind, .null).text.isEmpty, "\(kind)")
        }
    }

    @Test func changesAreReadFromTheTrail() throws {
        let change = try #require(FieldChange.withValues("isActive", true, false))
        let stored = try [change].stored()
        #expect(Self.cell(.changes, .text(stored)).meaning == .changes([change]))
        // Other text in the column is not a list of changes and must not hide the entry.
        #expect(Self.cell(.changes, .text("{")).meaning == .changes([]))
        #expect(Self.cell(.text, .text(stored)).meaning == .text(stored))
    }

    /// Form values are written back to the database, so they must be exact.
    @Test func aFormHoldsTheExactValue() {
        #expect(Self.cell(.bytes, .int(45_000_000)).text == "45 MB")
        #expect(Self.cell(.bytes, .int(45_000_001)).text == "45000001 B")
        #expect(Self.cell(.number, .int(45_000_000)).text == "45000000")
        #expect(Self.cell(.decimal, .double(0.1)).text == "0.1")
        #expect(Self.cell(.flag, .int(1)).text == "1")
        #expect(Self.cell(.text, .text(" a ")).text == " a ")
    }

    @Test func aRowIsCalledByItsFirstCell() {
        let cells = [Self.cell(.text, .text("first")), AdminCell(AdminColumn("b", "B"), .text("second"))]
        let row = AdminRow(id: "id", cells: cells)
        #expect(row.name == "first" && row["b"]?.text == "second" && row["c"] == nil)
        #expect(AdminRow(id: "id", cells: []).name == "id")
    }

    @Test func numbersStandToTheRight() {
        for kind in [AdminColumn.Kind.number, .decimal, .bytes] { #expect(AdminColumn("a", "A", "", kind).isNumber) }
        for kind in [AdminColumn.Kind.text, .longText, .state, .time, .flag, .changes] {
            #expect(!AdminColumn("a", "A", "", kind).isNumber)
        }
    }

    @Test func aColumnLeadsToOneTable() {
        let plain = AdminColumn("case", "Case")
        #expect(!plain.leads(to: "cases"))
        #expect(plain.linked(to: "cases", id: "c.id").leads(to: "cases"))
        #expect(!plain.linked(to: "cases", id: "c.id").leads(to: "users"))
        // A trail entry links to the table of its object, whichever that is.
        #expect(!plain.linked(auditedType: "a.type", id: "a.id").leads(to: "cases"))
    }

    @Test func aColumnsWaysAddUp() {
        let column = AdminColumn("a", "A", "x.a", .time).optional().unlisted().unsortable().precise()
        #expect(!column.isListed && !column.isSortable && column.isOptional && column.showsSeconds)
        #expect(column.key == "a" && column.expression == "x.a" && column.kind == .time)
    }

    @Test func anEntryOfTheTrailKnowsItsTable() {
        let entry = AdminRow(id: "1", cells: [AdminCell(AdminColumn("object", "Object"), .text("inference_task"))])
        #expect(entry.audited?.name == "tasks")
        let foreign = AdminRow(id: "1", cells: [AdminCell(AdminColumn("object", "Object"), .text("throttle"))])
        #expect(foreign.audited == nil && AdminRow(id: "1", cells: []).audited == nil)
    }
}
