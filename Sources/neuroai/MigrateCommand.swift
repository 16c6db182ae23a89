import ArgumentParser
import Storage

/// `neuroai migrate`: migrates the database to the current schema.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Migrate the database to the current schema.")

    func run() async throws {
        let database = try Databases.open(try Settings.load().databaseURL)
        do {
            let pending = try await Migrator.pending(database)
            try await Migrator.migrate(database)
            for step in pending { print("applied \(step.title)") }
            if pending.isEmpty { print("The schema is current.") }
            try await database.close()
        } catch let error as DatabaseError {
            Terminal.complain(error.message)
            try await database.close()
            throw ExitCode(69)
        }
    }
}
