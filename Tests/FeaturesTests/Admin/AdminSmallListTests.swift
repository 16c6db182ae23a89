import Storage
import Testing

@testable import Administration
@testable import Features

/// Lists that a service returns completely, such as models: searched, sorted and paginated without a database.
@Suite struct AdminSmallListTests {
    private static let columns = [
        AdminColumn("name", "Name"), AdminColumn("active", "Active", "", .flag),
        AdminColumn("digest", "Digest").unlisted(), AdminColumn("note", "Note").unsortable(),
    ]

    private static let table: AdminTable = {
        var table = AdminTable("models", "Models", "model", audit: .init("model"), .list { _, _ in [] }, columns)
        table.filters = [
            AdminFilter("active", "Active", "", .flag), AdminFilter("name", "Name", "", .text),
        ]
        return table
    }()

    private static func row(_ id: String, _ name: String, isActive: Bool = false, note: String = "") -> AdminRow {
        let values: [SQLValue] = [.text(name), isActive.sqlValue, .text("sha-\(name)"), .text(note)]
        return AdminRow(id: id, cells: zip(columns, values).map { AdminCell($0, $1) })
    }

    private static let rows = [
        row("1", "Mome", note: "b"), row("2", "UNet", isActive: true, note: "a"), row("3", "unet two"),
    ]

    private func found(_ change: (inout AdminQuery) -> Void) throws -> [String] {
        var query = AdminQuery()
        change(&query)
        return try Self.rows.matching(query, of: Self.table).map(\.id)
    }

    @Test func everyWordMustBeFound() throws {
        #expect(try found { $0.search = "unet" } == ["2", "3"])
        #expect(try found { $0.search = " two  UNET " } == ["3"])
        #expect(try found { $0.search = "unet mome" }.isEmpty)
        // The search also covers the id and columns that only the object's page shows.
        #expect(try found { $0.search = "sha-mome" } == ["1"])
        #expect(try found { $0.search = "3" } == ["3"])
        #expect(try found { _ in } == ["1", "2", "3"])
    }

    @Test func filtersCompareWholeValues() throws {
        #expect(try found { $0.choose("active", "1") } == ["2"])
        #expect(try found { $0.choose("active", "0") } == ["1", "3"])
        #expect(try found { $0.choose("name", "UNe") }.isEmpty)
        #expect(
            try found {
                $0.choose("active", "1")
                $0.choose("name", "Mome")
            }.isEmpty)
    }

    @Test func rowsAreSortedByWhatCanBe() throws {
        #expect(try found { $0.sort = "active" }.last == "2")
        #expect(
            try found {
                $0.sort = "name"
                $0.isDescending = true
            } == ["3", "2", "1"])
        // Unsortable and unknown columns leave the list in its default order.
        #expect(try found { $0.sort = "note" } == ["1", "2", "3"])
        #expect(try found { $0.sort = "nonsense" } == ["1", "2", "3"])
    }

    @Test(arguments: [(50, 1, 50, false), (51, 1, 50, true), (51, 2, 1, false), (100, 2, 50, false)])
    func aPageHoldsFifty(_ count: Int, _ page: Int, _ shown: Int, _ hasNext: Bool) throws {
        var query = AdminQuery()
        query.page = page
        let list = try (0..<count).map { Self.row(String($0), "m\($0)") }.page(query, of: Self.table)
        #expect(list.rows.count == shown && list.hasNext == hasNext && list.count == count)
        #expect(!list.hasUncounted && list.facets.isEmpty)
        #expect(list.rows.first?.id == String(50 * (page - 1)))
        #expect(list.rows.first?.cells.map(\.column.key) == ["name", "active", "note"])
    }

    /// A filter's own selection does not narrow its counts: they show what another choice would return.
    @Test func choicesAreCountedBesideTheChosenOne() throws {
        var query = AdminQuery()
        query.showsCounts = true
        query.choose("active", "1")
        let all = try Self.rows.page(query, of: Self.table)
        #expect(all.rows.map(\.id) == ["2"])
        #expect(all.facets == [AdminFacet(filter: "active", counts: [1, 2])])
        query.search = "two"
        #expect(try Self.rows.page(query, of: Self.table).facets == [AdminFacet(filter: "active", counts: [0, 1])])
    }
}
