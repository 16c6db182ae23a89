import ArgumentParser

/// `neuroai migrate`: brings the database to the present schema.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database to the present schema; what has run does not run again.")

    func run() async throws {
        let wiring = try await Wiring.open(try Settings.load(), label: "migrate")
        try await wiring.database.close()
    }
}
