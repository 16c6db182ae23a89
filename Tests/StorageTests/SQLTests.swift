import Basics
import Testing

@testable import Storage

@Suite struct SQLTests {
    @Test func interpolatedValuesBecomeBindings() {
        let name = "Robert'); DROP TABLE users;--"
        let statement: SQL = "SELECT * FROM users WHERE name = \(name) AND age > \(7) AND ok = \(true)"
        #expect(statement.text { "$\($0)" } == "SELECT * FROM users WHERE name = $1 AND age > $2 AND ok = $3")
        #expect(statement.text { _ in "?" } == "SELECT * FROM users WHERE name = ? AND age > ? AND ok = ?")
        #expect(statement.values == [.text(name), .int(7), .int(1)])
    }

    @Test func fragmentsKeepTheirBindingsInOrder() {
        let conditions: [SQL] = ["a = \(1)", "b IN \(list: ["x", "y"])", "c = \(nil as String?)"]
        let statement: SQL = "SELECT \(raw: "id") FROM t WHERE \(.joined(conditions, by: " AND ")) LIMIT \(5)"
        #expect(
            statement.text { "$\($0)" } == "SELECT id FROM t WHERE a = $1 AND b IN ($2, $3) AND c = $4 LIMIT $5")
        #expect(statement.values == [.int(1), .text("x"), .text("y"), .null, .int(5)])
    }

    @Test func anEmptyListMatchesNothing() {
        let statement: SQL = "id IN \(list: [String]())"
        #expect(statement.text { _ in "?" } == "id IN (NULL)")
        #expect(statement.values.isEmpty)
    }

    @Test func aRowRefusesWrongColumnsAndTypes() throws {
        let row = SQLRow(columns: SQLColumns(["n", "t", "z"]), values: [.int(5), .text("x"), .null])
        #expect(try row.get("n") == 5)
        #expect(try row.get("n", as: Double.self) == 5.0)
        #expect(try row.optional("z", as: String.self) == nil)
        #expect(throws: DatabaseError.self) { try row.get("t", as: Int.self) }
        #expect(throws: DatabaseError.self) { try row.get("z", as: String.self) }
        #expect(throws: DatabaseError.self) { try row.get("absent", as: Int.self) }
        #expect(throws: DatabaseError.self) { try row.get("n", as: Bool.self) }
    }

    @Test func aNulIsRefusedBeforeADatabaseCutsIt() {
        let statement: SQL = "SELECT \("a\u{0}b")"
        #expect { try statement.checkValues() } throws: { ($0 as? DatabaseError)?.kind == .invalidValue }
        #expect(throws: Never.self) { try ("SELECT \("ab")" as SQL).checkValues() }
    }
}

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_795_453_492_123_456, "2026-11-23T17:04:52.123456Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func isWrittenAndReadAsISO8601(microseconds: Int64, text: String) throws {
        let time = Timestamp(microseconds: microseconds)
        #expect(time.description == text)
        let read = try #require(Timestamp(text))
        // The reader converts through `Double` and may lose the last digits of the microseconds.
        #expect(abs(read.microseconds - microseconds) <= 1000)
    }

    @Test func readsOffsetsAndRefusesOtherText() {
        #expect(Timestamp("2026-11-23T17:04:52+02:00")?.description == "2026-11-23T15:04:52.000000Z")
        // RFC 3339 allows offsets of almost a day.
        #expect(Timestamp("2026-11-23T23:34:16+22:42")?.description == "2026-11-23T00:52:16.000000Z")
        #expect(Timestamp("2026-11-23T23:34:16.5-23:59")?.description == "2026-11-24T23:33:16.500000Z")
        #expect(Timestamp("2026-11-23T23:34:16+24:00") == nil)
        #expect(Timestamp("yesterday") == nil)
        #expect(Timestamp("") == nil)
    }

    @Test(arguments: ["2024-02-29", "2026-12-31"]) func takesRealDays(_ text: String) {
        #expect(CivilDate(text)?.description == text)
    }

    @Test(arguments: ["2023-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "26-01-01", "2026-04-31", "x", ""])
    func refusesDaysThatDoNotExist(_ text: String) {
        #expect(CivilDate(text) == nil)
    }
}

@Suite struct DatabaseURLTests {
    @Test func readsBothKinds() throws {
        #expect(try DatabaseURL("sqlite:///data/neuroai.sqlite3") == .sqlite(path: "data/neuroai.sqlite3"))
        #expect(try DatabaseURL("sqlite:////var/lib/n.sqlite3") == .sqlite(path: "/var/lib/n.sqlite3"))
        let address = try Self.postgres("postgresql://me:p%40ss@db.local:6000/neuroai?sslmode=require")
        #expect(address.host == "db.local")
        #expect(address.port == "6000")
        #expect(address.user == "me")
        #expect(address.password == "p@ss")
        #expect(address.database == "neuroai")
        #expect(address.environment["PGSSLMODE"] == "require")
    }

    private static func postgres(_ text: String) throws -> PostgresAddress {
        guard case .postgres(let address) = try DatabaseURL(text) else { throw DatabaseURL.wrong("not PostgreSQL") }
        return address
    }

    @Test func takesWhatLibpqTakes() throws {
        let several = try Self.postgres(
            "postgresql://me@one,two:6000/db?target_session_attrs=read-write&connect_timeout=3&application_name=x")
        #expect(several.host == "one,two")
        #expect(several.place == "one:5432, two:6000")
        #expect(several.environment["PGTARGETSESSIONATTRS"] == "read-write")
        let socket = try Self.postgres("POSTGRESQL://%2Fvar%2Frun%2Fpostgresql/db")
        #expect(socket.host == "/var/run/postgresql")
        #expect(try Self.postgres("postgresql:///db?host=/run/x&port=6000").place == "/run/x:6000")
        let files = try Self.postgres("postgresql://h/db?sslmode=verify-full&sslrootcert=/r&sslcert=/c&sslkey=/k")
        #expect(files.environment["PGSSLROOTCERT"] == "/r" && files.environment["PGSSLKEY"] == "/k")
        var other = files
        other.database = "x"
        #expect(other.environment["PGDATABASE"] == "x")
    }

    @Test(arguments: [
        "neuroai.sqlite3", "sqlite://x", "sqlite:///", "sqlite:///folder/", "mysql://a@b/c",
        "postgresql://me:secret@host", "postgresql://me:secret@host/db?foo=1", "postgresql://me:sec%ret@host/db",
        "postgresql://me:secret@[::1/db", "postgresql://me:secret@host/db?sslmode=secret",
        "postgresql://me:secret@host/db?target_session_attrs=secret",
    ])
    func saysWhatIsWrongWithoutThePassword(_ text: String) {
        #expect { try DatabaseURL(text) } throws: { error in
            guard let error = error as? DatabaseError else { return false }
            return error.kind == .unavailable && error.message.hasPrefix("DATABASE_URL")
                && !error.message.contains("secret") && !error.message.contains("sec%ret")
        }
    }
}
