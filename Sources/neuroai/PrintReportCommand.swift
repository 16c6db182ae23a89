import ArgumentParser
import Basics
import Features
import Foundation
import Kernel
import Rendering
import Subprocess

/// `neuroai print-report`: reads a report document as JSON and writes a PDF. The server starts one process per print,
/// so that a crash in the native drawing code never affects the API.
struct PrintReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print-report", abstract: "Print a report document from standard input as PDF.",
        shouldDisplay: false)

    func run() throws {
        let input = try FileHandle.standardInput.readToEnd() ?? Data()
        let document = try JSONDecoder().decode(ReportDocument.self, from: input)
        try FileHandle.standardOutput.write(contentsOf: ReportPDF.data(document))
    }
}

/// Runs `neuroai print-report`: at most two processes at once, each for at most half a minute.
final class PrintProcess: Sendable {
    private let program: String
    private let timeout: Duration
    private let places = Places(2)

    init(program: String = Bundle.main.executablePath ?? "", timeout: Duration = .seconds(30)) {
        self.program = program
        self.timeout = timeout
        // If a child dies early, writing to its pipe must not terminate the server.
        signal(SIGPIPE, SIG_IGN)
    }

    var printer: ReportPrinter {
        ReportPrinter { [self] document in
            let input = try JSONEncoder().encode(document)
            return try await places.within { try await self.pdf(input) }
        }
    }

    private func pdf(_ input: Data) async throws -> Data {
        let failure = AppError(.internalFault, "The report could not be printed.")
        return try await withThrowingTaskGroup(of: Data?.self) { group in
            group.addTask { [program] in
                // Not `input: .data`: if a child dies before reading all its input, that terminates this process
                // (docs/decisions/0516).
                let ended = try? await Subprocess.run(
                    .path(.init(program)), arguments: [PrintReportCommand.configuration.commandName ?? ""],
                    input: .inputWriter, output: .bytes(limit: .max), error: .discarded
                ) { child in
                    _ = try? await child.standardInputWriter.write([UInt8](input))
                    try? await child.standardInputWriter.finish()
                }
                return ended.flatMap { $0.terminationStatus.isSuccess ? Data($0.standardOutput) : nil }
            }
            group.addTask { [timeout] in
                try? await Task.sleep(for: timeout)
                return nil
            }
            // Kills the child on timeout.
            defer { group.cancelAll() }
            guard let pdf = try await group.next() ?? nil, pdf.starts(with: Data("%PDF".utf8)) else { throw failure }
            return pdf
        }
    }
}

/// A semaphore: admits a limited number of tasks at once, the others wait in order.
private actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func within<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
        defer {
            if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
        }
        return try await work()
    }
}
