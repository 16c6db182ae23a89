import ArgumentParser
import Features
import Foundation
import Kernel
import Storage

/// `neuroai audit`: verifies, exports and seals the audit trail.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Verify and export the audit trail.",
        discussion: "See docs/audit.md for the hash chain and what it proves.",
        subcommands: [Verify.self, Head.self, Export.self, Seal.self])

    /// Selects the chains that a command works on.
    struct Choice: ParsableArguments {
        @Option(help: "Institution ID; default: all.") var institution: String?

        func id() throws -> InstitutionID? {
            guard let institution else { return nil }
            guard let id = InstitutionID(institution) else {
                throw ValidationError("--institution must be an institution ID as printed by `audit head`.")
            }
            return id
        }
    }

    /// Exits with 0 if every chain is valid, otherwise with 65.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find entries that were changed, dropped, reordered or back-dated.")

        @OptionGroup var choice: Choice
        @Option(
            name: .customLong("head"),
            help: "A hash printed earlier by `audit head` that must still be in a chain. Repeatable.")
        var heads: [String] = []

        func run() async throws {
            let institution = try choice.id()
            try await AuditCommand.withDatabase { wiring in
                var faults = 0
                let missing = try await AuditVerifyService(database: wiring.database)
                    .verify(institution, heads: Set(heads.map { $0.lowercased() })) { verdict in
                        tell(verdict)
                        faults += verdict.faultCount
                    }
                for hash in missing.sorted() { Terminal.complain(AuditFault.headNotFound(hash).description) }
                guard faults + missing.count == 0 else { throw ExitCode(65) }
            }
        }

        private func tell(_ verdict: AuditVerifyService.Verdict) {
            for fault in verdict.faults {
                Terminal.complain("institution \(verdict.institution): \(fault.description)")
            }
            let more = verdict.faultCount - verdict.faults.count
            if more > 0 { Terminal.complain("institution \(verdict.institution): and \(more) more") }
            let state = verdict.faultCount == 0 ? "valid" : "INTEGRITY CHECK FAILED"
            print(
                "institution \(verdict.institution): \(verdict.count) sealed entries, \(state);",
                "\(verdict.unsealed) not sealed yet")
        }
    }

    /// Prints one line per chain: institution, number of the last entry, hash.
    struct Head: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Print the head of each chain. Store it elsewhere; `verify --head` later proves that nothing was cut off."
        )

        @OptionGroup var choice: Choice

        func run() async throws {
            let institution = try choice.id()
            try await AuditCommand.withDatabase { wiring in
                for head in try await AuditVerifyService(database: wiring.database).heads(institution) {
                    print(head.institution, head.sequence, head.hash)
                }
            }
        }
    }

    /// Prints one JSON object per line.
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Export entries as JSON lines, oldest first.")

        @OptionGroup var choice: Choice
        @Option(help: "Earliest time, inclusive, such as 2026-11-01T00:00:00Z.") var from: String?
        @Option(help: "Latest time, exclusive; default: now.") var to: String?

        func run() async throws {
            var query = AuditQuery()
            query.from = try Self.time("--from", from)
            query.to = try Self.time("--to", to)
            let (institution, wanted) = (try choice.id(), query)
            try await AuditCommand.withDatabase { wiring in
                for export in try await AuditVerifyService(database: wiring.database).export(institution, wanted) {
                    for try await entries in export {
                        try FileHandle.standardOutput.write(contentsOf: AuditLines.encode(entries))
                    }
                }
            }
        }

        private static func time(_ name: String, _ text: String?) throws -> Timestamp? {
            guard let text else { return nil }
            guard let time = Timestamp(text) else {
                throw ValidationError("\(name) takes a time such as 2026-11-01T00:00:00Z.")
            }
            return time
        }
    }

    /// Seals entries once, as the server does twice a second.
    struct Seal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seal entries written since a server last ran.")

        func run() async throws {
            try await AuditCommand.withDatabase { wiring in
                print("\(try await AuditSealService(database: wiring.database).seal()) entries sealed")
            }
        }
    }

    /// Runs `body` with the configured database. An `AppError` ends the command with exit code 65.
    private static func withDatabase(_ body: (Wiring) async throws -> Void) async throws {
        let wiring = try await Wiring.open(try Settings.load(), label: "audit", migrates: false)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(wiring))
        } catch let error as AppError {
            Terminal.complain(error.message)
            outcome = .failure(ExitCode(65))
        } catch {
            outcome = .failure(error)
        }
        try await wiring.close()
        try outcome.get()
    }
}
