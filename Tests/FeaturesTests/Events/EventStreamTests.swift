import Dispatch
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// What a subscriber receives, from which servers, and when its stream ends.
@Suite struct EventStreamTests {
    private static func note(_ text: String) -> CaseForm {
        var form = CaseForm()
        form[.notes] = .value(.text(text))
        return form
    }

    @Test(arguments: TestDatabase.all) func changesOfACaseArrive(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let events = EventsService.onServer(clinic.database)
            let stream = try await events.record(doctor)
            #expect(await stream.waitForMessages(1) == ["ready"])
            let item = try await clinic.makeCase(doctor)
            #expect(await stream.waitForMessages(2).last == "case PAT-1 created")
            var form = CaseForm()
            form[.patientID] = .value("PAT-2")
            _ = try await clinic.cases.update(doctor.scope, item.id, form)
            #expect(await stream.waitForMessages(3).last == "case PAT-2 created")
            try await clinic.cases.delete(doctor.scope, item.id)
            #expect(await stream.waitForMessages(4).last == "deleted case")
            #expect(stream.messages.allSatisfy { $0.id != nil })
            try await stream.close()
            #expect(events.feed.figures.open == [.serverSentEvents: 0])
            #expect(events.feed.figures.ended == [.closed: 1])
        }
    }

    @Test(arguments: TestDatabase.all) func anotherServersChangesArrive(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let first = try await EventsService.onServer(clinic.database).record(doctor)
            let second = try await EventsService.onServer(clinic.database).record(doctor)
            _ = try await clinic.makeCase(doctor)
            for stream in [first, second] {
                #expect(await stream.waitForMessages(2) == ["ready", "case PAT-1 created"])
                try await stream.close()
            }
        }
    }

    @Test(arguments: TestDatabase.all) func onlyWhatTheUserMaySeeArrives(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let other = try await clinic.makeInstitution()
            let owner = try await clinic.signIn(.doctor)
            let audience = [
                try await clinic.signIn(.radiologist), try await clinic.signIn(.researcher),
                try await clinic.signIn(.doctor), try await clinic.signIn(.admin, institution: other),
            ]
            let events = EventsService.onServer(clinic.database)
            var streams: [EventRecorder] = []
            for person in audience { streams.append(try await events.record(person)) }
            let item = try await clinic.makeCase(owner)
            let share = ShareForm(userId: audience[2].user.id.string)
            _ = try await clinic.cases.shares.share(owner.scope, case: item.id, share)
            try await clinic.database.write {
                try CaseStore($0).setStatus(owner.scope, item.id, .completed, at: .now)
            }
            #expect(await eventually { streams[0].words.last == "case PAT-1 completed" })
            let anonymous = "case case-\(item.id.string.prefix(8)) completed"
            // An event has the state at the time it is sent: a slow round sends the newest one for the earlier changes too.
            #expect(await eventually { streams[1].words.count > 1 })
            #expect(streams[1].words.first == "ready" && streams[1].words.dropFirst().allSatisfy { $0 == anonymous })
            #expect(await eventually { streams[2].words.last == "case PAT-1 completed" })
            // The same round of the feed.
            #expect(streams[3].words == ["ready"])
            for stream in streams { try await stream.close() }
        }
    }

    @Test(arguments: TestDatabase.all) func aClientResumesWithoutLoss(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let first = try await EventsService.onServer(clinic.database).record(doctor)
            _ = try await clinic.makeCase(doctor, patient: "PAT-1")
            _ = await first.waitForMessages(2)
            try await first.close()
            _ = try await clinic.makeCase(doctor, patient: "PAT-2")
            let item = try await clinic.makeCase(doctor, patient: "PAT-3")
            _ = try await clinic.cases.update(doctor.scope, item.id, Self.note("seen"))
            // A transaction of any database of this PostgreSQL delays later changes.
            let place = try #require(first.lastID.flatMap { EventPosition($0) })
            let database = clinic.database
            #expect(
                try await eventually {
                    try await database.read { try EventStore($0).extract(after: place, limit: 10).changes.count } >= 3
                })
            // On another server.
            let second = try await EventsService.onServer(clinic.database).record(doctor, after: first.lastID)
            #expect(await second.waitForMessages(3) == ["ready", "case PAT-2 created", "case PAT-3 created"])
            // A client that leaves now has not received the changes yet.
            #expect(second.messages.first?.id == first.lastID)
            try await second.close()
            let third = try await EventsService.onServer(clinic.database).record(doctor, after: second.lastID)
            _ = try await clinic.makeCase(doctor, patient: "PAT-4")
            #expect(await third.waitForMessages(2) == ["ready", "case PAT-4 created"])
            try await third.close()
        }
    }

    /// It would otherwise be dropped at every attempt.
    @Test func aClientThatMissedTooMuchReloads() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let first = try await EventsService.onServer(clinic.database).record(doctor)
            _ = await first.waitForMessages(1)
            try await first.close()
            for number in 1...4 { _ = try await clinic.makeCase(doctor, patient: "PAT-\(number)") }
            let few = EventsService.onServer(clinic.database) { $0.waitingLimit = 3 }
            let second = try await few.record(doctor, after: first.lastID)
            #expect(await second.waitForMessages(1) == ["resync"])
            _ = try await clinic.makeCase(doctor, patient: "PAT-5")
            #expect(await second.waitForMessages(2) == ["resync", "case PAT-5 created"])
            try await second.close()
            let enough = EventsService.onServer(clinic.database) { $0.waitingLimit = 5 }
            let third = try await enough.record(doctor, after: first.lastID)
            #expect(await third.waitForMessages(6).count == 6)
            #expect(third.words.first == "ready")
            try await third.close()
        }
    }

    @Test(arguments: ["", "x", "9223372036854775807-1-1800000000", "0-1-1000000000", "1-2-3-4"])
    func anUnknownPlaceAsksForAReload(_ id: String) async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            _ = try await clinic.makeCase(doctor)
            let stream = try await EventsService.onServer(clinic.database).record(doctor, after: id)
            #expect(await stream.waitForMessages(1) == ["resync"])
            try await stream.close()
        }
    }

    /// A transaction that commits after a later one is not skipped.
    @Test func commitsOutOfOrderAreNotLost() async throws {
        try await FeaturesFixture.with(.postgres) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            // Counts of cases lock their author's rows.
            let colleague = try await clinic.signIn(.doctor)
            let reader = try await clinic.signIn(.radiologist)
            let item = try await clinic.makeCase(doctor, patient: "PAT-1")
            let stream = try await EventsService.onServer(clinic.database).record(reader)
            let hasWritten = Signal()
            let mayCommit = Signal()
            async let early: Void = clinic.database.write { connection in
                try CaseStore(connection).setStatus(doctor.scope, item.id, .uploaded, at: .now)
                hasWritten.set()
                mayCommit.waitBlocking()
            }
            defer { mayCommit.set() }
            try #require(await eventually { hasWritten.isSet })
            _ = try await clinic.makeCase(colleague, patient: "PAT-2")
            // Several rounds of the feed.
            try await Task.sleep(for: .milliseconds(300))
            // What was committed shortly before the stream was opened may be sent as well.
            let words = { stream.words.filter { $0 != "case PAT-1 created" } }
            #expect(words() == ["ready"], "a later change was sent before an earlier one was visible")
            mayCommit.set()
            try await early
            #expect(await eventually { words().count == 3 })
            #expect(words() == ["ready", "case PAT-1 uploaded", "case PAT-2 created"])
            try await stream.close()
        }
    }

    /// Its end is not notified.
    @Test func aTransactionThatLogsNothingOnlyDelaysChanges() async throws {
        try await FeaturesFixture.with(.postgres) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let reader = try await clinic.signIn(.radiologist)
            let stream = try await EventsService.onServer(clinic.database).record(reader)
            #expect(await stream.waitForMessages(1) == ["ready"])
            let hasWritten = Signal()
            let mayCommit = Signal()
            async let early: Void = clinic.database.write { connection in
                _ = try connection.query("SELECT CAST(pg_current_xact_id() AS TEXT) AS number")
                hasWritten.set()
                mayCommit.waitBlocking()
            }
            defer { mayCommit.set() }
            try #require(await eventually { hasWritten.isSet })
            _ = try await clinic.makeCase(doctor)
            try await Task.sleep(for: .milliseconds(300))
            #expect(stream.words == ["ready"])
            mayCommit.set()
            try await early
            #expect(await stream.waitForMessages(2) == ["ready", "case PAT-1 created"])
            try await stream.close()
        }
    }

    /// PostgreSQL's poolers, for example, may not pass notifications on.
    @Test func changesWithoutNotificationArriveLater() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            try await clinic.database.write { try $0.executeScript("DROP TRIGGER tr_events_notify") }
            let stream = try await EventsService.onServer(clinic.database) { $0.poll = .milliseconds(50) }.record(
                doctor)
            #expect(await stream.waitForMessages(1) == ["ready"])
            _ = try await clinic.makeCase(doctor)
            #expect(await stream.waitForMessages(2) == ["ready", "case PAT-1 created"])
            try await stream.close()
        }
    }

    @Test(arguments: TestDatabase.all) func anEndedSessionEndsItsStreams(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let other = try await clinic.signIn(.doctor)
            let events = EventsService.onServer(clinic.database)
            let stream = try await events.record(doctor)
            let unrelated = try await events.record(other)
            try await clinic.sessions.end(doctor.principal, doctor.principal.session)
            #expect(try await stream.waitForEnd() == ["ready", "end revoked"])
            #expect(unrelated.words == ["ready"])
            try await unrelated.close()
        }
    }

    /// For changes that end no session.
    @Test func aSessionIsCheckedWhileNothingHappens() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let events = EventsService.onServer(clinic.database) {
                $0.sessionCheck = .milliseconds(50)
                $0.keepAlive = .milliseconds(50)
            }
            let stream = try await events.record(doctor)
            #expect(await stream.waitForMessages(2).last == "keep-alive")
            let user = doctor.user.id
            try await clinic.database.write { try $0.execute("UPDATE users SET is_active = 0 WHERE id = \(user)") }
            #expect(try await stream.waitForEnd().last == "end revoked")
        }
    }

    @Test func aSlowReaderIsDroppedWithAReason() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let events = EventsService.onServer(clinic.database) { $0.waitingLimit = 3 }
            let stream = try await events.open(doctor.principal, .all, after: nil, over: .webSocket)
            for number in 1...5 { _ = try await clinic.makeCase(doctor, patient: "PAT-\(number)") }
            #expect(await eventually { stream.subscription.reason == .overflow })
            // It reads only now.
            let recorder = EventRecorder(stream)
            #expect(try await recorder.waitForEnd() == ["ready", "end overflow"])
            #expect(events.feed.figures.ended == [.overflow: 1])
        }
    }

    @Test func manyChangesOfOneObjectAreOneEvent() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let events = EventsService.onServer(clinic.database) { $0.waitingLimit = 3 }
            let stream = try await events.open(doctor.principal, .all, after: nil, over: .webSocket)
            for number in 1...20 { _ = try await clinic.cases.update(doctor.scope, item.id, Self.note("\(number)")) }
            try await Task.sleep(for: .milliseconds(300))
            let recorder = EventRecorder(stream)
            let messages = await recorder.waitForMessages(2)
            #expect(messages == ["ready", "case PAT-1 created"])
            guard case .object(.case(let newest))? = recorder.messages.last?.content else { return }
            #expect(newest.notes == "20")
            try await recorder.close()
        }
    }

    @Test func streamsAreLimited() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let first = try await clinic.signIn(.doctor)
            let second = try await clinic.signIn(.doctor)
            let events = EventsService.onServer(clinic.database) {
                $0.streamsPerUser = 2
                $0.streams = 3
            }
            let open = [
                try await events.record(first), try await events.record(first), try await events.record(second),
            ]
            await #expect { _ = try await events.record(second) } throws: { isAppError($0, .unavailable) }
            try await open[2].close()
            await #expect { _ = try await events.record(first) } throws: { isAppError($0, .tooManyRequests) }
            try await events.record(second).close()
            for stream in open { try await stream.close() }
            // A stream whose response is never sent.
            _ = try await events.open(first.principal, .all, after: nil, over: .webSocket)
            #expect(events.feed.figures.open == [.serverSentEvents: 0, .webSocket: 0])
        }
    }

    @Test func shutdownEndsStreams() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let events = EventsService.onServer(clinic.database)
            let stream = try await events.record(doctor)
            events.feed.stop()
            #expect(try await stream.waitForEnd() == ["ready", "end shutdown"])
            await #expect { _ = try await events.record(doctor) } throws: { isAppError($0, .unavailable) }
        }
    }

    @Test func openingAndTheFirstReadOfEachObjectAreRecorded() async throws {
        try await FeaturesFixture.with(.sqlite) { clinic in
            let owner = try await clinic.signIn(.doctor)
            let reader = try await clinic.signIn(.radiologist)
            let stream = try await EventsService.onServer(clinic.database).record(reader)
            let item = try await clinic.makeCase(owner)
            _ = await stream.waitForMessages(2)
            _ = try await clinic.cases.update(owner.scope, item.id, Self.note("seen"))
            _ = await stream.waitForMessages(3)
            try await stream.close()
            let rows = try await clinic.database.read {
                try $0.query(
                    "SELECT action, object_id FROM audit_entries WHERE actor_id = \(reader.user.id) ORDER BY occurred_at, id"
                )
            }
            let actions = try rows.map { try $0.get("action", as: String.self) }
            #expect(
                actions.filter { $0 == "event.subscribe" || $0 == "case.read" } == ["event.subscribe", "case.read"])
        }
    }

    @Test(arguments: TestDatabase.all) func oldChangesAreDeletedAndTheNewestStays(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            for _ in 1...3 { _ = try await clinic.makeCase(doctor) }
            try await EventsService.onServer(clinic.database).deleteExpired()
            #expect(try await clinic.count("events") == 3)
            try await EventsService.onServer(clinic.database) { $0.retention = .seconds(-7200) }.deleteExpired()
            #expect(try await clinic.count("events") == 1)
        }
    }
}

/// Set once, by any thread.
private final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let state = Mutex(false)

    var isSet: Bool { state.withLock { $0 } }

    func set() {
        state.withLock { $0 = true }
        semaphore.signal()
    }

    /// On a database's thread.
    func waitBlocking() { semaphore.wait() }
}
