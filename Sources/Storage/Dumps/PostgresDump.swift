import Basics
import Dispatch
import Foundation
import Subprocess

/// Dumps of PostgreSQL by its own programs, in the custom format. They get the password by the environment.
enum PostgresDump {
    static func write<T: Sendable>(
        _ address: PostgresAddress, to file: URL, reading: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        let (snapshots, told) = AsyncStream.makeStream(of: (id: String, value: T).self)
        let isOver = DispatchSemaphore(value: 0)
        let reader = Task {
            try await DedicatedThread.run(named: "postgres-snapshot") {
                defer { told.finish() }
                try holdSnapshot(of: address, reading) {
                    told.yield(($0, $1))
                } until: {
                    isOver.wait()
                }
            }
        }
        var value: T?
        let dump: Result<Void, any Error>
        do {
            for await snapshot in snapshots {
                value = snapshot.value
                try await run(
                    "pg_dump",
                    [
                        "--format=custom", "--no-owner", "--no-privileges", "--snapshot=\(snapshot.id)",
                        "--file=\(file.path)",
                    ], address)
                break
            }
            dump = .success(())
        } catch {
            dump = .failure(error)
        }
        isOver.signal()
        try await reader.value
        try dump.get()
        guard let value else { throw DatabaseError(.unavailable, "PostgreSQL gave no snapshot.") }
        return value
    }

    /// Keeps a transaction open, whose snapshot `pg_dump` shares (`pg_export_snapshot`).
    private static func holdSnapshot<T: Sendable>(
        of address: PostgresAddress, _ reading: (any DatabaseConnection) throws -> T, tell: (String, T) -> Void,
        until isOver: () -> Void
    ) throws {
        var limits = DatabaseLimits(connections: 1)
        limits.statementTimeout = .zero
        limits.idleInTransactionTimeout = .zero
        let connection = PostgresConnection(address: address, limits: limits, outage: PostgresOutage())
        try connection.connectIfNeeded()
        connection.begin(PostgresConnection.Kind.read.rawValue)
        let row = try connection.queryOne("SELECT pg_export_snapshot() AS id")
        let value = try reading(connection)
        tell(try row?.get("id") ?? "", value)
        isOver()
        connection.rollBack()
    }

    static func restore(_ address: PostgresAddress, from file: URL) async throws {
        try await run(
            "pg_restore",
            [
                "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                "--dbname=\(address.database)", file.path,
            ], address)
    }

    private static func run(_ program: String, _ arguments: [String], _ address: PostgresAddress) async throws {
        let variables = address.environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }
        let status: TerminationStatus
        do {
            status = try await Subprocess.run(
                .name(program), arguments: Arguments(arguments),
                environment: .inherit.updating(Dictionary(uniqueKeysWithValues: variables)), output: .discarded,
                error: .currentStandardError
            ).terminationStatus
        } catch {
            throw DatabaseError(.unavailable, "\(program) can't be started; install PostgreSQL's client programs.")
        }
        guard status.isSuccess else {
            throw DatabaseError(.unavailable, "\(program) failed; its message is above.")
        }
    }
}
