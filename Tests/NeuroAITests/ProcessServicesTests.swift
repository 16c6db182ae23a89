import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import neuroai

struct ProcessServicesTests {
    private let journal = Journal()

    @Test func theLastStageIsShutDownFirstAndServicesOfOneStageTogether() async throws {
        let last = [
            "http": journal.service("http", after: "worker told"),
            "worker": journal.service("worker", after: "http told"),
        ]
        try await journal.run([["sealing": journal.service("sealing")], ["sweeps": journal.service("sweeps")], last]) {
            await $0.triggerGracefulShutdown()
        }
        let told = journal.lines
        #expect(Set(told.prefix(2)) == ["http told", "worker told"])
        #expect(Set(told[2..<4]) == ["http ended", "worker ended"])
        #expect(told.dropFirst(4) == ["sweeps told", "sweeps ended", "sealing told", "sealing ended"])
        #expect(journal.log.isEmpty)
    }

    @Test func aServiceThatEndsIsNoticedAndTheOthersAreShutDown() async throws {
        await #expect(throws: ServiceEnded(service: "sweeps")) {
            try await journal.run([
                ["sealing": journal.service("sealing")], ["sweeps": ClosureService {}],
                ["http": journal.service("http")],
            ])
        }
        #expect(journal.lines == ["http told", "http ended", "sealing told", "sealing ended"])
        #expect(journal.log == ["critical: a service ended by itself service=sweeps"])
    }

    @Test func aServiceThatFailsIsNoticedAndTheOthersAreShutDown() async throws {
        await #expect(throws: Fault.self) {
            try await journal.run([
                ["sealing": journal.service("sealing")],
                ["http": ClosureService { throw Fault() }, "worker": journal.service("worker")],
            ])
        }
        #expect(journal.lines == ["worker told", "worker ended", "sealing told", "sealing ended"])
        #expect(journal.log == ["critical: a service failed error=Fault service=http"])
    }

    /// An error during shutdown fails the process, but the remaining services are still shut down.
    @Test func aServiceThatFailsAtItsEndIsNoticed() async throws {
        let http = ClosureService {
            try await gracefulShutdown()
            throw Fault()
        }
        await #expect(throws: Fault.self) {
            try await journal.run([["sealing": journal.service("sealing")], ["http": http]]) {
                await $0.triggerGracefulShutdown()
            }
        }
        #expect(journal.lines == ["sealing told", "sealing ended"])
    }
}

private struct Fault: Error {}

/// The events of the services, and the log.
private final class Journal: Sendable {
    private let written = Mutex([String]())
    private let logged = Mutex([String]())

    var lines: [String] { written.withLock { $0 } }
    var log: [String] { logged.withLock { $0 } }

    private func write(_ line: String) { written.withLock { $0.append(line) } }

    /// A service that runs until it is asked to stop, then waits for a line from each of the others.
    func service(_ name: String, after line: String? = nil) -> any Service {
        ClosureService { [self] in
            try await gracefulShutdown()
            write("\(name) told")
            while let line, !lines.contains(line) { try await Task.sleep(for: .milliseconds(1)) }
            write("\(name) ended")
        }
    }

    /// Runs the stages; fails if a service is not shut down within a minute.
    func run(
        _ stages: [ProcessServices.Stage], beside: @escaping @Sendable (ServiceGroup) async -> Void = { _ in }
    ) async throws {
        let logger = Logger(label: "test") { _ in Handler(journal: self) }
        let group = ProcessServices(stages: stages, logger: logger).group()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask { await beside(group) }
            tasks.addTask {
                try? await Task.sleep(for: .seconds(60))
            }
            defer { tasks.cancelAll() }
            _ = try await tasks.next()
            _ = try await tasks.next()
        }
    }

    private struct Handler: LogHandler {
        let journal: Journal
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let values = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            journal.logged.withLock { $0.append("\(event.level): \(event.message)\(values.joined())") }
        }
    }
}
