import ArgumentParser
import Foundation
import Storage

/// `neuroai makemigrations`: checks whether the database schema matches the program's migrations.
struct MakeMigrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "makemigrations", abstract: "Compare the database schema with the program's migrations.",
        discussion: """
            Migrations are handwritten SQL files (Sources/Storage/Migrations); nothing is generated. The command compares the migrations that \
            have run with the program's, and the columns of every table with those that the migrations create. Exit code 1 if they differ. \
            `--name` creates an empty migration in a checkout.
            """, aliases: ["make-migrations", "make_migrations"])

    @Option(help: "Create an empty migration with this name in the current checkout.") var name: String?

    func run() async throws {
        if let name { return try lay(name) }
        let database = try Settings.load().openDatabase()
        var differences: [String] = []
        do {
            let pending = try await Migrator.pending(database)
            differences = pending.map { "\($0.title) has not run; run `neuroai migrate`." }
            if pending.isEmpty { differences = try await SchemaDrift.find(in: database) }
            try await database.close()
        } catch let error as DatabaseError {
            Terminal.complain(error.message)
            try await database.close()
            throw ExitCode(69)
        }
        for line in differences { print(line) }
        guard differences.isEmpty else { throw ExitCode(1) }
        print("No changes: the database has the schema of \(Migration.all.count) steps.")
    }

    private static let folder = "Sources/Storage/Migrations"

    private func lay(_ name: String) throws {
        guard name.wholeMatch(of: /[a-z][a-z0-9-]{1,40}/) != nil else {
            throw ValidationError("The name may contain only lower-case letters, digits and -.")
        }
        guard FileManager.default.fileExists(atPath: Self.folder) else {
            throw ValidationError("There is no \(Self.folder) here; run this in a checkout.")
        }
        let number = (Migration.all.map(\.number).max() ?? 0) + 1
        let step = Migration(number: number, name: name, script: "")
        let path = "\(Self.folder)/\(step.title).sql"
        let head =
            "-- What it is for, in a sentence.\n-- Rules as in m0001; the same statements must run on SQLite and PostgreSQL.\n"
        guard FileManager.default.createFile(atPath: path, contents: Data(head.utf8)) else {
            throw ValidationError("\(path) can't be written.")
        }
        print("Created \(path). Add it to the end of Migration.all.")
    }
}
