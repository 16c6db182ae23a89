import ArgumentParser
import Foundation
import Storage

/// `neuroai dbshell`: opens the database's own command-line client.
struct DBShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dbshell", abstract: "Open sqlite3 or psql on the configured database.",
        discussion: """
            psql receives the password in its environment, never as an argument. Changes made there bypass all rules and the audit trail. \
            Arguments after -- are passed to sqlite3 or psql.
            """, aliases: ["db-shell", "db_shell"])

    @Argument(parsing: .postTerminator, help: "Arguments for sqlite3 or psql.") var arguments: [String] = []

    func run() throws {
        switch try Settings.load().databaseURL {
        case .sqlite(let path): try replace("sqlite3", arguments: [path] + arguments)
        case .postgres(let address):
            for (name, value) in address.environment where !value.isEmpty { setenv(name, value, 1) }
            try replace("psql", arguments: arguments)
        }
    }

    /// Replaces this process with the program, so that the program receives keys and signals.
    private func replace(_ program: String, arguments: [String]) throws -> Never {
        var words = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        execvp(program, words)
        Terminal.complain("\(program) can't be started. Install it (Debian: sqlite3, postgresql-client).")
        throw ExitCode(69)
    }
}
