import ArgumentParser

/// The command-line program. Each command has its own file.
@main
struct NeuroAI: AsyncParsableCommand {
    /// Recorded in every result, so that a run can be reproduced with the same version.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "neuroai", abstract: "Segment, measure and report brain tumours in MRI.", version: version,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, ShowMigrationsCommand.self, BackupCommand.self, RestoreCommand.self,
            SegmentCommand.self, CheckSeriesCommand.self, EvaluateCommand.self,
            ModelsCommand.self,
            WorkerCommand.self, BeatCommand.self, AuditCommand.self, StorageCommand.self, CheckCommand.self,
            CreateSuperuserCommand.self,
            ChangePasswordCommand.self,
            PopulateSampleDataCommand.self,
            AddUserCasesCommand.self, MakeMigrationsCommand.self, CollectStaticCommand.self, DBShellCommand.self,
            ShellCommand.self, TestCommand.self, PrintReportCommand.self,
        ])

    /// Like the parser's own `main`, except that it validates the settings first, and for errors that commands do not
    /// handle.
    static func main() async {
        do {
            let command = try parseAsRoot()
            do {
                try RepeatedOptions.check(CommandLine.arguments.dropFirst())
                if requiresSettings(command) { _ = try Settings.load() }
                try await run(command)
            } catch let error as ValidationError {
                // The parser itself knows only the root command here.
                Terminal.complain("Error: \(error.message)\nUsage: \(usageString(for: type(of: command)))")
                throw ExitCode.validationFailure
            }
        } catch {
            exit(withError: Terminal.ending(error))
        }
    }

    private static func run(_ command: any ParsableCommand) async throws {
        var command = command
        if var command = command as? any AsyncParsableCommand {
            try await command.run()
        } else {
            try command.run()
        }
    }

    /// Not for help, and not for `check` and `test`, which report every invalid setting themselves.
    private static func requiresSettings(_ command: any ParsableCommand) -> Bool {
        let configuration = type(of: command).configuration
        return configuration.subcommands.isEmpty && configuration.commandName != "help"
            && !(command is CheckCommand) && !(command is TestCommand)
    }
}
