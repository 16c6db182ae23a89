import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct AuditSealTests {
    /// The bytes and the hash in docs/audit.md, generated there by Python.
    @Test(arguments: TestDatabase.all) func theHashIsTheDocumentedOne(_ kind: TestDatabase) async throws {
        try await kind.with { database in
            let user = "22222222-2222-4222-8222-222222222222"
            try await database.write { connection in
                try connection.execute(
                    """
                    INSERT INTO users (id, institution_id, email, password_hash, first_name, last_name, role,
                        created_at, updated_at)
                    VALUES (\(user), \(AuditTrail.home), 'ada@example.org', '', 'Ada', 'Example', 'doctor', 0, 0)
                    """)
                try connection.execute(
                    """
                    INSERT INTO audit_entries (id, institution_id, occurred_at, actor_id, action, object_type,
                        object_id, outcome, request_id, address)
                    VALUES ('11111111-1111-4111-8111-111111111111', \(AuditTrail.home), 1800000000000000, \(user),
                        'case.read', 'case', '33333333-3333-4333-8333-333333333333', 'done', 'req-9', NULL)
                    """)
            }
            let sealer = AuditSealService(database: database) { Timestamp(microseconds: 1_800_000_000_500_000) }
            #expect(try await sealer.seal() == 1)
            let sealed = try await database.read { try AuditStore($0).sealed(AuditTrail.home, after: 0, limit: 2) }
            let entry = try #require(sealed.first)
            let seal = try #require(entry.seal)
            #expect(seal.hash == "ee952bbd4b495b3a25345ff27572f205d49d6f6a7eec8039d7ca635f605c7196")
            let bytes = AuditSeal.canonicalForm(
                entry, sequence: 1, previousHash: AuditSeal.origin, sealedUntil: seal.sealedUntil)
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("NeuroAI audit 1\n1:1,64:0000"))
            #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("4:done,5:req-9,-,"))
        }
    }

    /// As above, followed by two changes; the hash is in docs/audit.md, generated there by Python.
    @Test(arguments: TestDatabase.all) func changesAreHashedBehindTheOtherFields(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.database.write {
                try $0.execute(
                    """
                    INSERT INTO audit_entries (id, institution_id, occurred_at, actor_id, action, object_type,
                        object_id, outcome, request_id, changes)
                    SELECT '11111111-1111-4111-8111-111111111111', \(AuditTrail.home), 1800000000000000, NULL,
                        'case.update', 'case', '33333333-3333-4333-8333-333333333333', 'done', 'req-9',
                        '[{"field":"status","from":"uploaded","to":"archived"},{"field":"notes","from":null,"to":null}]'
                    """)
            }
            #expect(try await trail.sealer(at: 0.5).seal() == 1)
            let seal = try #require(try await trail.sealed().first?.seal)
            #expect(seal.hash == "636b7637479880f04c003a0351af77c57ce652df294b0f048ddf093a54632592")
            #expect(try await trail.faults().isEmpty)
            try await trail.tamper(
                "UPDATE audit_entries SET changes = '[{\"field\":\"status\",\"from\":\"uploaded\",\"to\":\"created\"}]'"
            )
            #expect(try await trail.faults().count == 1)
            try await trail.tamper("UPDATE audit_entries SET changes = NULL")
            #expect(try await trail.faults().count == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func eachEntryFollowsTheOneBefore(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.write((1...25).map { trail.entry($0) })
            #expect(try await trail.sealer(at: 100, batch: 10).seal() == 25)
            try await trail.write([trail.entry(26)])
            #expect(try await trail.sealer(at: 101).seal() == 1)
            #expect(try await trail.sealer(at: 102).seal() == 0)
            let sealed = try await trail.sealed()
            #expect(sealed.compactMap(\.objectID) == (1...26).map { "c-\($0)" })
            #expect(sealed.compactMap(\.seal?.sequence) == Array(1...26))
            #expect(
                sealed.compactMap(\.seal?.previousHash)
                    == [AuditSeal.origin] + sealed.dropLast().compactMap(\.seal?.hash))
            #expect(try await trail.head().hash == sealed.last?.seal?.hash)
            #expect(try await trail.faults().isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func institutionsHaveChainsOfTheirOwn(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            let other = try await SegmentationFixture.addUser(.admin, of: ID(), to: trail.database)
            try await trail.write([trail.entry(1), trail.entry(2)])
            try await trail.write([AuditEntry(other, "case.read", "case", "x", at: AuditTrail.start)])
            #expect(try await trail.sealer(at: 10).seal() == 3)
            let head = try await trail.database.read { try AuditStore($0).head(other.institution) }
            #expect(head.sequence == 1)
            #expect(try await trail.head().sequence == 2)
            #expect(try await trail.faults().isEmpty)
        }
    }

    /// Writers of every kind and two concurrent sealers, as with two server processes.
    @Test(arguments: TestDatabase.all) func twoSealersAndAThousandWritersLeaveOneChain(_ kind: TestDatabase)
        async throws
    {
        try await AuditTrail.with(kind) { trail in
            let services = [AuditService(database: trail.database), AuditService(database: trail.database)]
            let sealing = [
                AuditSealService(database: trail.database, batch: 40),
                AuditSealService(database: trail.database, batch: 70),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 {
                    group.addTask { try await services[number % 2].record(trail.entry(number)) }
                }
                for sealer in sealing {
                    group.addTask {
                        for _ in 0..<20 {
                            try await sealer.seal()
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
                try await group.waitForAll()
            }
            for sealer in sealing { try await sealer.seal() }
            let sealed = try await trail.sealed()
            #expect(sealed.compactMap(\.seal?.sequence) == Array(1...1000))
            #expect(Set(sealed.compactMap(\.objectID)).count == 1000)
            #expect(try await trail.faults().filter { !$0.contains("back-dated") }.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aSealingThatBreaksOffLeavesNothing(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.write([trail.entry(1), trail.entry(2)])
            await #expect(throws: AppError.self) {
                try await trail.database.write { connection in
                    let store = AuditStore(connection)
                    let entries = try store.unsealed(AuditTrail.home, limit: 10)
                    let head = try store.head(AuditTrail.home)
                    let seals = head.seals(of: entries, sealedUntil: AuditTrail.start)
                    let last = try #require(seals.last)
                    #expect(try store.advance(head, to: last))
                    try store.seal([entries[0]], [seals[0]])
                    throw AppError(.internalFault, "the process dies here")
                }
            }
            #expect(try await trail.head().sequence == 0)
            #expect(try await trail.sealer(at: 5).seal() == 2)
            #expect(try await trail.faults().isEmpty)
        }
    }
}

/// The database itself rejects changes of the trail.
@Suite struct AppendOnlyTests {
    private static let statements: [SQL] = [
        "UPDATE audit_entries SET action = 'x' WHERE request_id = 'r-1'",
        "UPDATE audit_entries SET actor_id = NULL WHERE request_id = 'r-1'",
        "UPDATE audit_entries SET changes = '[]' WHERE request_id = 'r-1'",
        // Before it is sealed.
        "UPDATE audit_entries SET changes = '[]', chain_sequence = 2 WHERE request_id = 'r-2'",
        "UPDATE audit_entries SET occurred_at = 1 WHERE request_id = 'r-2'",
        "UPDATE audit_entries SET chain_sequence = NULL WHERE request_id = 'r-1'",
        "UPDATE audit_entries SET chain_sequence = 9 WHERE request_id = 'r-1'",
        "UPDATE audit_entries SET entry_hash = previous_hash WHERE request_id = 'r-1'",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE request_id = 'r-2'",
        "DELETE FROM audit_chains",
        "UPDATE audit_chains SET sequence = 0",
        """
        INSERT INTO audit_entries (id, institution_id, occurred_at, action, object_type, outcome, chain_sequence)
        SELECT '11111111-1111-4111-8111-111111111111', institution_id, 0, 'x', 'x', 'done', 99 FROM audit_entries
        WHERE request_id = 'r-1'
        """,
    ]

    @Test(arguments: TestDatabase.all) func nothingOfTheTrailCanBeChangedOrRemoved(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.write([trail.entry(1)])
            try await trail.sealer(at: 2).seal()
            try await trail.write([trail.entry(2)])
            let only: SQL =
                kind == .postgres
                ? "TRUNCATE audit_entries"
                : """
                INSERT OR REPLACE INTO audit_entries (id, institution_id, occurred_at, action, object_type, outcome)
                SELECT id, institution_id, 0, 'x', 'x', 'done' FROM audit_entries WHERE request_id = 'r-2'
                """
            for statement in Self.statements + [only] {
                let error = await #expect(throws: DatabaseError.self, "\(statement)") {
                    try await trail.database.write { try $0.execute(statement) }
                }
                #expect(error?.message.contains("audit") == true, "\(statement)")
            }
            #expect(try await trail.sealer(at: 3).seal() == 1)
            #expect(try await trail.faults().isEmpty)
        }
    }
}
