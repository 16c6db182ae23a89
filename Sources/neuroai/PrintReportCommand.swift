import ArgumentParser
import Basics
import Features
import Foundation
import Kernel
import Rendering
import Storage
import Synchronization

/// `neuroai print-report`: a document as JSON in, a PDF out. The server starts it for each print, so that a fault in the native
/// drawing code ends this process and never the API.
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

/// Starts `neuroai print-report`; two at once at most, each for half a minute at most.
final class PrintProcess: Sendable {
    private static let timeout: Double = 30
    private let pool = ThreadPool<Void>(name: "printing", threads: 2) {}

    init() {
        // A child that dies early must not take the server along with the pipe.
        signal(SIGPIPE, SIG_IGN)
    }

    var printer: ReportPrinter {
        ReportPrinter { [self] document in
            let input = try JSONEncoder().encode(document)
            return try await pool.run { try Self.pdf(input) }
        }
    }

    private static func pdf(_ input: Data) throws -> Data {
        let process = Process()
        let (inward, outward) = (Pipe(), Pipe())
        process.executableURL = Bundle.main.executableURL
        process.arguments = [PrintReportCommand.configuration.commandName ?? ""]
        process.standardInput = inward
        process.standardOutput = outward
        process.standardError = FileHandle.nullDevice
        try process.run()
        let limit = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + timeout, execute: limit)
        defer { limit.cancel() }
        // It reads all before it writes anything, so one thread can do both.
        try? inward.fileHandleForWriting.write(contentsOf: input)
        try? inward.fileHandleForWriting.close()
        let pdf = try outward.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0, pdf.starts(with: Data("%PDF".utf8))
        else { throw AppError(.internalFault, "The report could not be printed.") }
        return pdf
    }
}
