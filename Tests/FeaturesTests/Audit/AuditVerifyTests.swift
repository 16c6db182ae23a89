import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Manipulations by the database's owner: each is detected and identified.
@Suite struct AuditVerifyTests {
    private static func place(_ number: Int) -> String { "entry number \(number) (" }

    @Test(arguments: TestDatabase.all) func aChangedEntryIsNamed(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            try await trail.tamper("UPDATE audit_entries SET actor_id = NULL WHERE chain_sequence = 5")
            let faults = try await trail.faults()
            #expect(faults.count == 1 && faults[0].hasPrefix("changed: " + Self.place(5)), "\(faults)")
        }
    }

    /// Changed with a matching hash: its successor no longer follows it.
    @Test(arguments: TestDatabase.all) func anEntrySealedAgainIsNamed(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            try await trail.tamper("UPDATE audit_entries SET action = 'case.list' WHERE chain_sequence = 5")
            let changed = try #require(try await trail.sealed().first { $0.seal?.sequence == 5 })
            let old = try #require(changed.seal)
            let forged = AuditSeal.hash(
                changed, sequence: 5, previousHash: old.previousHash, sealedUntil: old.sealedUntil)
            try await trail.tamper("UPDATE audit_entries SET entry_hash = \(forged) WHERE chain_sequence = 5")
            let faults = try await trail.faults()
            #expect(faults.count == 1 && faults[0].hasPrefix("broken: what stood before " + Self.place(6)), "\(faults)")
        }
    }

    @Test(arguments: TestDatabase.all) func aDroppedEntryIsNamed(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            try await trail.tamper("DELETE FROM audit_entries WHERE chain_sequence = 3")
            #expect(try await trail.faults() == ["dropped: entry number 3 is missing"])
            try await trail.tamper("DELETE FROM audit_entries WHERE chain_sequence IN (7, 8)")
            let faults = try await trail.faults()
            #expect(
                faults == [
                    "dropped: entry number 3 is missing", "dropped: entries number 7 to 8 are missing",
                ])
        }
    }

    /// Later entries renumbered after one was dropped, so that none is missing.
    @Test(arguments: TestDatabase.all) func aClosedGapIsFound(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(6)
            try await trail.tamper("DELETE FROM audit_entries WHERE chain_sequence = 3")
            for number in 4...6 {
                try await trail.tamper(
                    "UPDATE audit_entries SET chain_sequence = \(number - 1) WHERE chain_sequence = \(number)")
            }
            let faults = try await trail.faults()
            #expect(
                faults.contains { $0.hasPrefix("reordered: " + Self.place(3)) && $0.hasSuffix("number 4") }, "\(faults)"
            )
        }
    }

    @Test(arguments: TestDatabase.all, [false, true])
    func reorderedEntriesAreNamed(_ kind: TestDatabase, withAllOfTheirSeals: Bool) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            let entries = try await trail.sealed()
            let (a, b) = (entries[2], entries[5])
            func set(_ entry: AuditEntry, _ seal: AuditSeal?, _ number: Int64) -> SQL {
                let seals: SQL = """
                    , previous_hash = \(seal?.previousHash), entry_hash = \(seal?.hash), sealed_until = \(seal?.sealedUntil)
                    """
                return
                    "UPDATE audit_entries SET chain_sequence = \(number) \(withAllOfTheirSeals ? seals : "") WHERE id = \(entry.id)"
            }
            try await trail.tamper(set(a, b.seal, 1000))
            try await trail.tamper(set(b, a.seal, 3))
            try await trail.tamper("UPDATE audit_entries SET chain_sequence = 6 WHERE chain_sequence = 1000")
            let faults = try await trail.faults()
            #expect(
                faults.contains { $0.hasPrefix("reordered: " + Self.place(3)) && $0.hasSuffix("number 6") }, "\(faults)"
            )
            #expect(
                faults.contains { $0.hasPrefix("reordered: " + Self.place(6)) && $0.hasSuffix("number 3") }, "\(faults)"
            )
        }
    }

    /// A row inserted later with an earlier time, by hours or seconds: detected before and after it is sealed.
    @Test(arguments: TestDatabase.all, [700.0, 4789])
    func aBackDatedEntryIsNamed(_ kind: TestDatabase, at time: Double) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            try await trail.slipIn(trail.entry(99, at: time))
            let waiting = try await trail.faults()
            #expect(
                waiting.count == 1 && waiting[0].hasPrefix("back-dated: an entry that is not sealed ("), "\(waiting)")
            try await trail.sealer(at: 5000).seal()
            let faults = try await trail.faults()
            #expect(faults.count == 1 && faults[0].hasPrefix("back-dated: " + Self.place(9)), "\(faults)")
        }
    }

    /// A slow write, and a server whose clock is an hour behind, continue at the end of the chain.
    @Test(arguments: TestDatabase.all) func aTimeNeverLiesBeforeTheChain(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            try await trail.write([trail.entry(9, at: 1200), trail.entry(10, at: 4801.5)])
            #expect(try await trail.faults().isEmpty)
            _ = try await trail.sealer(at: 1203).seal()
            let sealed = try await trail.sealed()
            let times = sealed.suffix(2).map { $0.occurredAt.since(AuditTrail.start) }
            #expect(times == [.seconds(4801), .milliseconds(4_801_500)])
            #expect(try await trail.faults().isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aTimeThatWasChangedIsNamed(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            try await trail.tamper(
                "UPDATE audit_entries SET occurred_at = \(AuditTrail.start) WHERE chain_sequence = 5")
            let faults = try await trail.faults()
            #expect(faults.contains { $0.hasPrefix("changed: " + Self.place(5)) }, "\(faults)")
        }
    }

    /// The tail removed together with the sealer's record of it: only an externally recorded head reveals it.
    @Test(arguments: TestDatabase.all) func aCutTailIsFoundByANotedHead(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(8)
            let entries = try await trail.sealed()
            let early = try #require(entries[3].seal?.hash)
            let noted = try await trail.head().hash
            #expect(try await trail.faults(heads: [early, noted]).isEmpty)
            try await trail.tamper("DELETE FROM audit_entries WHERE chain_sequence > 5")
            #expect(try await trail.faults() == ["dropped: entries number 6 to 8 are missing"])
            let last = try #require(entries[4].seal)
            try await trail.tamper("UPDATE audit_chains SET sequence = 5, hash = \(last.hash)")
            #expect(try await trail.faults().isEmpty)
            let faults = try await trail.faults(heads: [early, noted])
            #expect(faults.count == 1 && faults[0].contains("cut off") && faults[0].contains(noted), "\(faults)")
        }
    }

    /// A server that was down for long, and one that crashed during a long backlog, cause no false alarm.
    @Test(arguments: TestDatabase.all) func aBacklogIsNoFault(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(2)
            try await trail.write((1...30).map { trail.entry($0, at: 2000 + Double($0) * 1000) })
            // Only the first step, as left by a process that crashes after it.
            try await trail.database.write { connection in
                let store = AuditStore(connection)
                let entries = try store.unsealed(AuditTrail.home, limit: 10)
                let head = try store.head(AuditTrail.home)
                let seals = head.seals(of: entries, sealedUntil: entries[9].occurredAt)
                if let last = seals.last, try store.advance(head, to: last) { try store.seal(entries, seals) }
            }
            #expect(try await trail.sealer(at: 90_000, batch: 7).seal() == 20)
            #expect(try await trail.faults().isEmpty)
        }
    }

    /// Every field of an entry is part of its hash.
    @Test(
        arguments: TestDatabase.all,
        [
            "address = '192.0.2.8'", "address = NULL", "request_id = 'r-9'", "object_id = 'c-9'",
            "object_type = 'report'",
            "outcome = 'refused'", "changes = NULL", "changes = '[{\"field\":\"notes\",\"from\":\"b\",\"to\":\"c\"}]'",
            "changes = '[{\"field\":\"notes\",\"from\":\"a\",\"to\":\"b\"}]'",
        ])
    func noFieldIsChangedUnseen(_ kind: TestDatabase, _ change: String) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.database.write {
                try $0.execute(
                    """
                    INSERT INTO audit_entries (id, institution_id, occurred_at, action, object_type, object_id, outcome,
                        request_id, address, changes)
                    VALUES ('11111111-1111-4111-8111-111111111111', \(AuditTrail.home), \(AuditTrail.start),
                        'case.update', 'case', 'c-1', 'done', 'r-1', '192.0.2.7',
                        '[{"field":"notes","from":"a","to":"c"}]')
                    """)
            }
            _ = try await trail.sealer(at: 1).seal()
            #expect(try await trail.faults().isEmpty)
            try await trail.tamper("UPDATE audit_entries SET \(raw: change)")
            let faults = try await trail.faults()
            #expect(faults.count == 1 && faults[0].hasPrefix("changed: " + Self.place(1)), "\(faults)")
        }
    }

    /// Sealing a backlog takes a while: entries of a later batch are not reported as newer than the first.
    @Test(arguments: TestDatabase.all) func aBacklogThatTakesLongIsNoFault(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(2)
            try await trail.write((1...30).map { trail.entry($0, at: 2000 + Double($0) * 1000) })
            let looks = Mutex(0)
            let sealer = AuditSealService(database: trail.database, batch: 7) {
                let seconds = looks.withLock { looks in
                    looks += 1
                    return 90_000 + Double(looks)
                }
                return AuditTrail.start.advanced(by: .seconds(seconds))
            }
            #expect(try await sealer.seal() == 30)
            #expect(looks.withLock { $0 } > 4)
            #expect(try await trail.faults().isEmpty)
        }
    }

    /// The sealer's own record of the chain's end has the right number but another hash.
    @Test(arguments: TestDatabase.all) func anotherEndIsNamed(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            try await trail.fill(3)
            try await trail.tamper("UPDATE audit_chains SET hash = \(String(repeating: "0", count: 64))")
            #expect(try await trail.faults().count == 1)
        }
    }
}
