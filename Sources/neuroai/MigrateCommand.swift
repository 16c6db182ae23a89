import ArgumentParser
import Storage

/// `neuroai migrate`: migrates the database to the current schema.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Migrate the database to the current schema.",
        discussion: """
            Of several processes that start at once, one migrates and the others wait. A schema of a newer version is refused with exit code 69.
            """)

    @Flag(help: "Change nothing; exit with 1 if migrations are missing, which are listed.") var check = false
    @Flag(help: "List the migrations that would run, and change nothing.") var plan = false

    func run() async throws {
        try await Self.withDatabase { database in
            let steps = check || plan ? try await Migrator.pending(database) : try await Migrator.migrate(database)
            let verb = check ? "missing" : plan ? "would apply" : "applied"
            for step in steps { print("\(verb) \(step.title)") }
            if steps.isEmpty { print("The schema is current.") }
            guard !check || steps.isEmpty else { throw ExitCode(1) }
        }
    }

    /// Runs `body` with the configured database, whatever its schema.
    static func withDatabase(_ body: (any Database) async throws -> Void) async throws {
        let database = try Settings.load().openDatabase()
        do {
            try await body(database)
            try await database.close()
        } catch {
            try? await database.close()
            throw error
        }
    }
}

/// `neuroai showmigrations`: lists the migrations.
struct ShowMigrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "showmigrations", abstract: "List the migrations; [X] marks those that have run.",
        aliases: ["show-migrations", "show_migrations"])

    func run() async throws {
        try await MigrateCommand.withDatabase { database in
            let pending = Set(try await Migrator.pending(database).map(\.number))
            for step in Migration.all { print(pending.contains(step.number) ? "[ ]" : "[X]", step.title) }
        }
    }
}
