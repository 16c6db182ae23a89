import ArgumentParser

/// The command-line program. Each command has its own file.
@main
struct NeuroAI: AsyncParsableCommand {
    /// Recorded in every result, so that a run can be reproduced with the same version.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "neuroai", abstract: "Segment, measure and report brain tumours in MRI.", version: version,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, SegmentCommand.self, CheckSeriesCommand.self, EvaluateCommand.self,
            ModelsCommand.self,
            WorkerCommand.self, AuditCommand.self, StorageCommand.self, CheckCommand.self, CreateSuperuserCommand.self,
            ChangePasswordCommand.self,
            PopulateSampleDataCommand.self,
            AddUserCasesCommand.self, MakeMigrationsCommand.self, CollectStaticCommand.self, DBShellCommand.self,
            ShellCommand.self, TestCommand.self, PrintReportCommand.self,
        ])

    /// Like the parser's own `main`, except for errors that commands do not handle.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: Terminal.ending(error))
        }
    }
}
