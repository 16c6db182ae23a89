import Basics
import Imaging
import Storage
import Testing

@testable import Administration
@testable import Features

/// Administrators' views and actions on a clinic, through the services alone.
extension FeaturesFixture {
    static let installed = [("m", "1", "a"), ("m", "2", "b")].map { name, version, digit in
        InstalledModel(
            identity: ModelIdentity(name: name, version: version, digest: String(repeating: digit, count: 64)),
            architecture: "stand-in",
            measured: [.init(sequences: [.t1ce, .flair], MeasuredDice(patients: 8, dice: [.wholeTumour: 0.90449]))])
    }

    var administration: AdminService {
        let read: @Sendable () -> Timestamp = { [clock] in clock.now }
        let models = InstalledModels(list: { Self.installed }, defaultModel: { Self.installed[0].identity })
        return AdminService(
            AdministeredServices(
                users: users, sessions: sessions, cases: cases, images: images,
                segmentation: SegmentationService(
                    database: database, audit: audit, contents: .all, models: models, clock: read),
                models: ModelsService(database: database, installed: models, clock: read),
                reports: ReportsService(database: database, audit: audit, clock: read)))
    }

    func table(_ person: Person, _ name: String) throws -> AdminTable {
        try administration.table(person.scope, named: name)
    }

    /// A page of a table.
    func rows(
        _ person: Person, _ name: String, _ change: (inout AdminQuery) -> Void = { _ in }
    ) async throws -> AdminList {
        var query = AdminQuery()
        change(&query)
        return try await administration.list(person.scope, table(person, name), query)
    }

    /// The names of its rows.
    func names(
        _ person: Person, _ name: String, _ change: (inout AdminQuery) -> Void = { _ in }
    ) async throws -> [String] {
        try await rows(person, name, change).rows.map(\.name)
    }

    func row(_ person: Person, _ table: String, _ id: String) async throws -> AdminRow {
        try await administration.row(person.scope, self.table(person, table), id: id)
    }

    /// Performs an action on objects, as the page does after confirmation.
    func act(_ person: Person, _ name: String, _ key: String, on ids: [String]) async throws -> AdminOutcome {
        let table = try table(person, name)
        let action = try #require(table.action(key), "\(name) \(key)")
        let rows = try await administration.rows(person.scope, table, ids: ids)
        return try await administration.run(person.scope, table, action, on: rows)
    }

    /// Saves the form of an object, or of a new one if `id` is empty.
    func save(
        _ person: Person, _ name: String, form: (AdminTable) -> AdminForm? = { $0.edit }, id: String = "",
        _ values: [String: String]
    ) async throws -> AdminForm.Saved {
        let form = try #require(form(table(person, name)), "\(name)")
        return try await administration.save(person.scope, form, id: id, AdminForm.Values(values))
    }

    /// Trail entries by action, with the ids of their objects.
    func traces(_ action: String) async throws -> [String] {
        let rows = try await database.read {
            try $0.query("SELECT object_id FROM audit_entries WHERE action = \(action) ORDER BY object_id")
        }
        return try rows.map { try $0.optional("object_id") ?? "" }
    }
}

extension AdminQuery {
    /// A single filter.
    mutating func choose(_ key: String, _ value: String) { selections.append(.init(key, value)) }
}
