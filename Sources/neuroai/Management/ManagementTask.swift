import ArgumentParser
import Features
import Foundation
import Kernel
import Storage
import Web

/// Shared by the management commands: the services of an installation, and error messages instead of thrown errors.
struct ManagementTask {
    let wiring: Wiring
    let services: WebServices

    var access: OperatorAccess { OperatorAccess(database: wiring.database) }

    var samples: SampleData { SampleData(users: services.users, cases: services.cases, access: access) }

    /// Opens the configured installation, runs `body`, and closes the installation even if `body` throws.
    static func run(_ label: String, _ body: (ManagementTask) async throws -> Void) async throws {
        let settings = try Settings.load()
        do {
            let wiring = try await Wiring.open(settings, label: label)
            let task = ManagementTask(
                wiring: wiring, services: try await wiring.webServices(try ServeSettings(settings)))
            do {
                try await body(task)
            } catch {
                try? await wiring.close()
                throw error
            }
            try await wiring.close()
        } catch let error as AppError {
            throw refusal(error)
        } catch let error as DatabaseError {
            throw refusal(AppError(.unavailable, error.message))
        }
    }

    /// Prints the error and returns an exit code from `sysexits.h`.
    static func refusal(_ error: AppError) -> ExitCode {
        for line in sentences(error) { Terminal.complain(line) }
        switch error.code {
        case .internalFault: return ExitCode(70)
        case .unavailable: return ExitCode(69)
        case .forbidden, .unauthenticated: return ExitCode(77)
        default: return ExitCode(65)
        }
    }

    static func sentences(_ error: AppError) -> [String] {
        let fields = error.fields.sorted { $0.key < $1.key }.flatMap { name, messages in
            messages.map { "\(name): \($0)" }
        }
        return fields.isEmpty ? [error.message] : fields
    }
}

extension Terminal {
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// Prompts for a line; `nil` at the end of input.
    static func ask(_ question: String) -> String? {
        FileHandle.standardError.write(Data(question.utf8))
        return readLine(strippingNewline: true)
    }

    /// Prompts for a line without echoing it.
    static func askSecretly(_ question: String) -> String? {
        var state = termios()
        guard tcgetattr(STDIN_FILENO, &state) == 0 else { return ask(question) }
        var silent = state
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &state)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return ask(question)
    }

    /// Prints a value as JSON, readable for people and programs.
    static func show(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
