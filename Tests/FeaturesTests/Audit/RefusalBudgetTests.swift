import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct RefusalBudgetTests {
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func refusal(_ address: String, institution: InstitutionID = JobFixture.institution) -> AuditEntry {
        AuditEntry(
            institution: institution, actor: nil, origin: RequestOrigin(address: address), action: "case.read",
            objectType: "case", objectID: nil, outcome: .refused, at: now)
    }

    @Test func aFloodIsCountedAndTheOthersAreNot() {
        var budget = RefusalBudget(RefusalLimits())
        let admitted = (0..<1000).filter { _ in budget.admits(Self.refusal("192.0.2.1"), at: Self.now) }.count
        #expect(admitted == 60)
        let isOtherAdmitted = budget.admits(Self.refusal("192.0.2.2"), at: Self.now)
        #expect(isOtherAdmitted)
        let early = budget.takeCounted(at: Self.now)
        #expect(early.isEmpty)
        let counted = budget.takeCounted(at: Self.now.advanced(by: .seconds(10)))
        #expect(counted.map(\.objectID) == ["940"] && counted[0].address == "192.0.2.1")
        #expect(counted[0].action == "audit.refusals" && counted[0].outcome == .refused)
        let later = Self.now.advanced(by: .seconds(20))
        let again = budget.takeCounted(at: later)
        let isAdmittedLater = budget.admits(Self.refusal("192.0.2.1"), at: later)
        #expect(again.isEmpty && isAdmittedLater)
    }

    @Test func manyAddressesShareATotalAndABoundedMemory() {
        var limits = RefusalLimits()
        limits.sources = 100
        limits.totalBurst = 150
        var budget = RefusalBudget(limits)
        let admitted = (0..<10_000).filter { budget.admits(Self.refusal("a\($0)"), at: Self.now) }.count
        #expect(admitted == 100)
        let counted = budget.takeCounted(at: Self.now.advanced(by: .seconds(11)))
        #expect(counted.count <= 101)
        #expect(counted.compactMap(\.objectID).compactMap { Int($0) }.reduce(0, +) == 9900)
        // Once the budget of the first sources is refilled, their slots become free.
        let isLateAdmitted = budget.admits(Self.refusal("late"), at: Self.now.advanced(by: .seconds(61)))
        #expect(isLateAdmitted)
    }

    /// Requests without a token are counted by address and never written individually.
    @Test func strangersAreCountedSlowly() {
        var limits = RefusalLimits()
        limits.anonymous = 3
        var budget = RefusalBudget(limits)
        for number in 0..<100 { budget.countAnonymousRequest(at: "a\(number % 5)", at: Self.now) }
        let early = budget.takeCounted(at: Self.now.advanced(by: .seconds(599)))
        #expect(early.isEmpty)
        let counted = budget.takeCounted(at: Self.now.advanced(by: .seconds(600)))
        #expect(Set(counted.map(\.address)) == ["a0", "a1", "a2", nil])
        #expect(counted.allSatisfy { $0.action == "audit.anonymous" && $0.outcome == .refused && $0.actor == nil })
        #expect(counted.first { $0.address == nil }?.objectID == "40")
        budget.countAnonymousRequest(at: "a0", at: Self.now)
        let last = budget.takeCounted(at: Self.now, atOnce: true)
        #expect(last.map(\.objectID) == ["1"])
    }

    @Test(arguments: TestDatabase.all) func countsAreWrittenInTheirTime(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            var limits = RefusalLimits()
            limits.burst = 5
            let audit = AuditService(database: clinic.database, refusals: limits) { clinic.clock.now }
            for _ in 0..<40 { try await audit.recordRefusal(Self.refusal("192.0.2.1")) }
            clinic.clock.advance(by: .seconds(11))
            try await audit.writeCountedRefusals()
            let actions = try await clinic.actions(.refused)
            #expect(actions.filter { $0 == "case.read" }.count == 5)
            #expect(actions.filter { $0 == "audit.refusals" }.count == 1)
        }
    }

    /// An entry that the database rejects does not fail the entries waiting with it.
    @Test(arguments: TestDatabase.all) func oneBadEntryHarmsNoOther(_ kind: TestDatabase) async throws {
        try await AuditTrail.with(kind) { trail in
            let audit = AuditService(database: trail.database)
            let results = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let home = number == 25 ? InstitutionID() : AuditTrail.home
                        return (try? await audit.record(trail.entry(number, institution: home))) != nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(results == 49)
            let rows = try await trail.database.read { try $0.query("SELECT id FROM audit_entries") }
            #expect(rows.count == 49)
        }
    }
}
