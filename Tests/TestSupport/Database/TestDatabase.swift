import Foundation
import Storage
import Testing

/// The two databases on which every store is tested: `@Test(arguments: TestDatabase.all)`.
package enum TestDatabase: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case sqlite = "SQLite"
    case postgres = "PostgreSQL"

    package static let all = TestDatabase.allCases

    package var testDescription: String { rawValue }

    /// Limits concurrent databases, so that many tests do not run out of connections.
    private static let gate = Gate(places: 8)

    /// Runs `body` on a new database with the whole schema and removes it afterwards.
    ///
    /// Without a PostgreSQL (`scripts/with-postgres` starts one) the test's case is cancelled, as shown in the run.
    package func with<T: Sendable>(
        migrated: Bool = true, _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T {
        await Self.gate.enter()
        let result: Result<T, any Error>
        do {
            result = .success(try await run(migrated: migrated, body))
        } catch {
            result = .failure(error)
        }
        await Self.gate.leave()
        return try result.get()
    }

    private func run<T: Sendable>(
        migrated: Bool, _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T {
        switch self {
        case .sqlite:
            return try await TemporaryFolder.with { folder in
                let file = folder.appendingPathComponent("test.sqlite3")
                if migrated { try await SchemaTemplate.sqlite().write(to: file) }
                return try await Self.use(try SQLiteDatabase(path: file.path), body)
            }
        case .postgres:
            var template: (@Sendable (PostgresAddress) async throws -> String)?
            if migrated { template = { try await SchemaTemplate.postgres(at: $0) } }
            return try await PostgresServer.withFreshDatabase(like: template) { address in
                try await Self.use(PostgresDatabase(address: address, limits: DatabaseLimits(connections: 4)), body)
            }
        }
    }

    /// An empty database that several processes would share: each call of `open` gives connections of its own.
    package func withPlace(
        _ body: @Sendable (_ open: @escaping @Sendable () throws -> any Database) async throws -> Void
    )
        async throws
    {
        switch self {
        case .sqlite:
            try await TemporaryFolder.with { folder in
                try await body { try SQLiteDatabase(path: folder.appendingPathComponent("test.sqlite3").path) }
            }
        case .postgres:
            try await PostgresServer.withFreshDatabase { address in
                try await body { PostgresDatabase(address: address, limits: DatabaseLimits(connections: 2)) }
            }
        }
    }

    private static func use<T: Sendable>(
        _ database: any Database, _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T {
        do {
            let value = try await body(database)
            try await database.close()
            return value
        } catch {
            try? await database.close()
            throw error
        }
    }
}

/// The whole schema, created once per run and copied for each test: migrating takes longer than most tests.
private enum SchemaTemplate {
    private static let file = Once<Data>()
    private static let database = Once<String>()

    /// The bytes of a database file.
    static func sqlite() async throws -> Data {
        try await file.value {
            try await TemporaryFolder.with { folder in
                let file = folder.appendingPathComponent("template.sqlite3")
                let database = try SQLiteDatabase(path: file.path)
                try await Migrator.migrate(database)
                try await database.close()
                return try Data(contentsOf: file)
            }
        }
    }

    /// The name of a database, which is removed with the throw-away server.
    static func postgres(at address: PostgresAddress) async throws -> String {
        try await database.value {
            let name = "template_" + PostgresServer.randomName()
            try await PostgresServer.administration.run("CREATE DATABASE \(name)", at: address)
            var own = address
            own.database = name
            let database = PostgresDatabase(address: own, limits: DatabaseLimits(connections: 1))
            try await Migrator.migrate(database)
            try await database.close()
            return name
        }
    }
}

/// Creates a value on first use.
private actor Once<Value: Sendable> {
    private var task: Task<Value, any Error>?

    func value(_ make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        if let task { return try await task.value }
        let task = Task { try await make() }
        self.task = task
        return try await task.value
    }
}

/// The throw-away server started by `scripts/with-postgres`.
package enum PostgresServer {
    /// `nil` if there is none; a malformed URL fails the test.
    package static func address() throws -> PostgresAddress? {
        guard let text = ProcessInfo.processInfo.environment["TEST_POSTGRES_URL"] else { return nil }
        guard case .postgres(let address) = try DatabaseURL(text) else { return nil }
        return address
    }

    /// One connection for creating and dropping databases.
    fileprivate static let administration = AdministrationConnection()

    fileprivate static func randomName() -> String { UUID().uuidString.lowercased().replacing("-", with: "_") }

    /// - Parameter template: the database to copy; an empty one by default.
    package static func withFreshDatabase<T: Sendable>(
        like template: (@Sendable (PostgresAddress) async throws -> String)? = nil,
        _ body: @Sendable (PostgresAddress) async throws -> T
    ) async throws -> T {
        guard var address = try Self.address() else {
            try Test.cancel("no PostgreSQL: run the tests by scripts/with-postgres")
        }
        let name = "test_" + randomName()
        var source = ""
        if let template { source = " TEMPLATE \(try await template(address))" }
        try await administration.run("CREATE DATABASE \(name)\(source)", at: address)
        address.database = name
        let result: Result<T, any Error>
        do {
            result = .success(try await body(address))
        } catch {
            result = .failure(error)
        }
        try await administration.run("DROP DATABASE \(name) WITH (FORCE)", at: address)
        return try result.get()
    }
}

/// Runs `psql` for statements that cannot run in a transaction, one at a time.
private actor AdministrationConnection {
    func run(_ statement: String, at address: PostgresAddress) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "psql", "-X", "-q", "-d", "postgres", "-c", statement,
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(address.environment) { $1 }
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 {
            throw DatabaseError(.unavailable, "psql could not run: \(statement)")
        }
    }
}

/// A folder that is removed with its test.
package enum TemporaryFolder {
    package static func with<T: Sendable>(_ body: @Sendable (URL) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("neuroai-test-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }
}

/// A semaphore.
private actor Gate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        free = places
    }

    func enter() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
