import ArgumentParser
import Features
import Foundation
import Kernel

/// `neuroai shell`: an interactive shell that calls the services as a given user.
struct ShellCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Open a shell on the services in a user's name; output is JSON.",
        discussion: """
            Commands use the same services as the API: the user's permissions apply, and the audit trail records every read and change as \
            the user's, after an entry `shell.start`. `help` lists the commands.
            """)

    @Option(help: "Email address of the user to act as.") var user: String
    @Option(name: [.short, .long], help: "Run this command and exit; repeatable.") var command: [String] = []

    func run() async throws {
        try await ManagementTask.run("shell") { task in
            let shell = Shell(task: task, scope: try await task.access.begin(as: user))
            if !command.isEmpty {
                for line in command { try await shell.answer(line) }
                return
            }
            if Terminal.isInteractive { Terminal.complain("neuroai shell as \(user); help lists the commands.") }
            while let line = next() {
                guard !["quit", "exit"].contains(line.trimmed) else { return }
                do {
                    try await shell.answer(line)
                } catch let error as AppError {
                    for sentence in ManagementTask.sentences(error) { Terminal.complain(sentence) }
                }
            }
        }
    }

    private func next() -> String? {
        Terminal.isInteractive ? Terminal.ask("neuroai> ") : readLine(strippingNewline: true)
    }
}

/// The commands of the shell.
private struct Shell {
    let task: ManagementTask
    let scope: Scope

    private struct Command {
        let usage: String
        let what: String
        let run: (_ argument: String) async throws -> any Encodable

        init(_ usage: String, _ what: String, _ run: @escaping (_ argument: String) async throws -> any Encodable) {
            self.usage = usage
            self.what = what
            self.run = run
        }

        var name: Substring { usage.prefix { $0 != " " } }
    }

    func answer(_ line: String) async throws {
        let words = line.trimmed.split(separator: " ", maxSplits: 1).map(String.init)
        guard let name = words.first else { return }
        if name == "help" {
            for command in commands {
                print(command.usage.padding(toLength: 20, withPad: " ", startingAt: 0) + command.what)
            }
            return
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            throw AppError(.validation, "There is no command \(name); help lists them.")
        }
        try Terminal.show(AnyAnswer(try await command.run(words.count > 1 ? words[1].trimmed : "")))
    }

    private var commands: [Command] {
        let services = task.services
        return [
            Command("whoami", "the user") { _ in try await services.users.profile(scope) },
            Command("users", "the institution's users") { _ in try await services.users.list(scope) },
            Command("user ID", "a user") { try await services.users.user(scope, id($0)) },
            Command("cases [SEARCH]", "latest cases") { text in
                var query = CaseQuery()
                query.window = .plain(limit: 50)
                query.search = text.isEmpty ? nil : text
                return try await services.cases.list(scope, query).items
            },
            Command("case ID", "a case") { try await services.cases.get(scope, id($0)) },
            Command("images CASE", "a case's series") { text in
                try await services.images.list(scope, case: id(text)).map(SeriesLine.init)
            },
            Command("tasks [CASE]", "segmentations") { text in
                let item: CaseID? = text.isEmpty ? nil : try id(text)
                return try await services.segmentation.list(scope, case: item, .plain(limit: 50)).items
            },
            Command("task ID", "a segmentation with its result") {
                try await services.segmentation.get(scope, id($0))
            },
            Command("start CASE", "start a segmentation; a signed report is kept") {
                try await services.segmentation.start(scope, case: id($0), force: true)
            },
            Command("cancel TASK", "cancel a segmentation") { try await services.segmentation.cancel(scope, id($0)) },
            Command("reports [CASE]", "reports") { text in
                let item: CaseID? = text.isEmpty ? nil : try id(text)
                return try await services.reports.list(scope, case: item, .plain(limit: 50)).items
            },
            Command("report ID", "a report") { try await services.reports.get(scope, id($0)) },
            Command("models", "model packages") { _ in
                try await services.models.list(scope, .plain(limit: 50)).items
            },
            Command("audit [OBJECT]", "latest audit entries") { text in
                var query = AuditQuery()
                query.window = .plain(limit: 50)
                query.objectID = text.isEmpty ? nil : text
                return try await task.wiring.audit.list(scope, query).items
            },
            Command("quit", "exit the shell") { _ in "bye" },
        ]
    }

    private func id<Entity>(_ text: String) throws -> ID<Entity> {
        guard let id = ID<Entity>(text) else { throw AppError(.validation, "Specify an ID.") }
        return id
    }
}

/// The result of any command.
private struct AnyAnswer: Encodable {
    private let value: any Encodable

    init(_ value: any Encodable) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        try value.encode(to: encoder)
    }
}

/// A series as the shell shows it.
private struct SeriesLine: Encodable {
    let id: String
    let modality: String
    let originalFilename: String
    let fileSize: Int64
    let dimensions: [Int]
    let spacing: [Double]
    let uploadedAt: String

    init(_ image: MRIImage) {
        id = image.id.string
        modality = image.modality.rawValue
        originalFilename = image.originalFilename
        fileSize = image.fileSize
        dimensions = image.dimensions
        spacing = image.spacing
        uploadedAt = image.series.uploadedAt.description
    }
}
