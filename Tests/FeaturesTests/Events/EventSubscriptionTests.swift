import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// What waits for a stream, in which order.
@Suite struct EventSubscriptionTests {
    private static let scope = Scope(institution: .default, user: ID(), role: .doctor)
    private static let cases = (0..<4).map { _ in CaseID() }

    private static func subscription(
        _ topic: EventTopic = .all, lifetime: Duration = .seconds(3600),
        _ change: (inout EventSettings) -> Void = { _ in }
    ) -> EventSubscription {
        var settings = EventSettings()
        change(&settings)
        return EventSubscription(scope, topic, .webSocket, lifetime: lifetime, settings: settings)
    }

    /// A change of the numbered case at a place in the log; `nil` for progress.
    private static func reference(_ number: Int, at id: Int64?, in institution: InstitutionID = .default)
        -> EventReference
    {
        EventReference(
            object: .case(cases[number]), caseID: cases[number], institution: institution,
            position: id.map { EventPosition(transaction: 7, id: $0, time: .now) })
    }

    private static func waiting(_ subscription: EventSubscription, _ count: Int) async -> [EventReference] {
        var found: [EventReference] = []
        for _ in 0..<count {
            guard case .send(let reference) = await subscription.next() else { break }
            found.append(reference)
        }
        return found
    }

    @Test func aLaterChangeReplacesAnEarlierOne() async {
        let subscription = Self.subscription()
        let changes = [(0, 1), (1, 2), (0, 3)] as [(Int, Int64)]
        subscription.offer(changes.map { Self.reference($0, at: $1) })
        let found = await Self.waiting(subscription, 2)
        #expect(found.map(\.position?.id) == [2, 3])
        #expect(found.map(\.caseID) == [Self.cases[1], Self.cases[0]])
    }

    /// The feed may offer newer changes while a resuming stream reads older ones.
    @Test func changesAreOrderedByTheLog() async {
        let subscription = Self.subscription()
        for (number, id) in [(0, 9), (1, 5), (0, 4), (2, 7)] as [(Int, Int64)] {
            subscription.offer([Self.reference(number, at: id)])
        }
        #expect(await Self.waiting(subscription, 3).map(\.position?.id) == [5, 7, 9])
    }

    @Test func progressWaitsOnceAndYieldsToChanges() async {
        let subscription = Self.subscription()
        subscription.offer([Self.reference(0, at: nil)])
        subscription.offer([Self.reference(0, at: nil)])
        subscription.offer([Self.reference(1, at: 1)])
        subscription.offer([Self.reference(1, at: nil)])
        #expect(await Self.waiting(subscription, 2).map(\.position?.id) == [nil, 1])
        subscription.end(.shutdown)
        #expect(await subscription.next() == .end(.shutdown))
    }

    @Test func othersChangesDoNotWait() async {
        let subscription = Self.subscription(.case(Self.cases[1]))
        subscription.offer([
            Self.reference(0, at: 1), Self.reference(1, at: 2, in: ID()), Self.reference(1, at: 3),
        ])
        subscription.end(.expired)
        #expect(await Self.waiting(subscription, 2).map(\.position?.id) == [3])
    }

    @Test func oneTooManyDropsAll() async {
        let subscription = Self.subscription { $0.waitingLimit = 2 }
        subscription.offer((0..<2).map { Self.reference($0, at: Int64($0)) })
        subscription.offer([Self.reference(0, at: 5)])
        #expect(subscription.reason == nil)
        subscription.offer([Self.reference(2, at: 6)])
        #expect(await subscription.next() == .end(.overflow))
    }

    @Test(arguments: EventStreamEnd.allCases) func onlyAnOrderlyEndDeliversTheRest(_ end: EventStreamEnd) async {
        let subscription = Self.subscription()
        subscription.offer([Self.reference(0, at: 1)])
        subscription.end(end)
        // The first reason counts.
        subscription.end(.closed)
        let isOrderly = [.completed, .expired, .shutdown].contains(end)
        if isOrderly { #expect(await Self.waiting(subscription, 1).count == 1) }
        #expect(await subscription.next() == .end(end))
    }

    @Test func aStreamWithoutLifetimeDeliversWhatIsKnown() async {
        let subscription = Self.subscription(lifetime: .zero)
        subscription.offer([Self.reference(0, at: 1)])
        #expect(await Self.waiting(subscription, 1).count == 1)
        #expect(await subscription.next() == .end(.expired))
    }

    @Test func aMessageThatIsNotReadInTimeDropsTheStream() async throws {
        let subscription = Self.subscription { $0.readTimeout = .seconds(5) }
        let isAbandoned = Locked(false)
        subscription.begin { isAbandoned.withLock { $0 = true } }
        let start = ContinuousClock.now
        try await subscription.send {}
        subscription.tick(start + .seconds(60))
        #expect(!isAbandoned.value && subscription.reason == nil)
        try await subscription.send {
            subscription.tick(start + .seconds(4))
            #expect(!isAbandoned.value)
            subscription.tick(.now + .seconds(6))
        }
        #expect(isAbandoned.value)
        #expect(await subscription.next() == .end(.stalled))
    }

    @Test func aCancelledReaderEnds() async {
        let subscription = Self.subscription()
        let reader = Task { await subscription.next() }
        try? await Task.sleep(for: .milliseconds(20))
        reader.cancel()
        #expect(await reader.value == .end(.closed))
    }

    @Test(arguments: [
        "", "1", "1-2", "1-2-3-4", "a-1-1", "-1-2-3", "1--2-3", "99999999999999999999-1-1", "1-1-99999999999999",
    ])
    func otherTextsAreNoPlace(_ text: String) {
        #expect(EventPosition(text) == nil)
    }

    @Test func aPlaceSurvivesItsText() {
        let place = EventPosition(transaction: 812, id: .max, time: Timestamp(microseconds: 1_800_000_000_000_000))
        #expect(place.text == "812-9223372036854775807-1800000000")
        #expect(EventPosition(place.text) == place)
    }
}
