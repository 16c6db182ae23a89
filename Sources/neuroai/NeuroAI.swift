import ArgumentParser

/// The program; one file for each command.
@main
struct NeuroAI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neuroai", abstract: "Segments, measures and reports brain tumours in MRI.",
        subcommands: [WorkerCommand.self])
}
