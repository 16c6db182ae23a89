import Basics
import Foundation
import Testing

@testable import Celery

/// A genuine Python client and our worker.
struct RoundTripTests {
    private static let fail = CeleryTask("t.fail") { _ in
        throw TaskFailure(type: "ValueError", message: "no case", module: "builtins", traceback: "in SegmentCaseJob")
    }

    @Test func aPythonClientGetsTheResult() async throws {
        let fixture = try CeleryFixture.shared.get()
        let echo = CeleryTask("t.echo") { context in
            [
                "args": .list(context.arguments), "kwargs": .object(context.keywords),
                "retries": .integer(context.request.retries),
            ]
        }
        let result = try await fixture.withWorker([echo]) { queue, _ in
            try await fixture.python.run(
                """
                kwargs = {'case_id': 'é ü', 'ids': [1, 2.5, None, True], 'empty': {}, 'none': []}
                sent = app.send_task('t.echo', (1, 'two'), kwargs=kwargs, queue='\(queue)')
                value = sent.get(timeout=10)
                result = [value['args'] == [1, 'two'], value['kwargs'] == kwargs, sent.status, sent.successful()]
                """)
        }
        #expect(result == [true, true, "SUCCESS", true])
        #expect(try await fixture.redis.send(.init("HLEN", "unacked")).integer != nil)
    }

    @Test func aFailureIsRaisedInPython() async throws {
        let fixture = try CeleryFixture.shared.get()
        let result = try await fixture.withWorker([Self.fail]) { queue, _ in
            try await fixture.python.run(
                """
                sent = app.send_task('t.fail', queue='\(queue)')
                try:
                    sent.get(timeout=10)
                except ValueError as error:
                    result = [str(error), sent.status, sent.traceback]
                """)
        }
        #expect(result == ["no case", "FAILURE", "in SegmentCaseJob"])
    }

    @Test func anUnknownTaskFails() async throws {
        let fixture = try CeleryFixture.shared.get()
        let result = try await fixture.withWorker([.add]) { queue, _ in
            try await fixture.python.run(
                """
                try:
                    app.send_task('t.missing', queue='\(queue)').get(timeout=10)
                except celery.exceptions.NotRegistered as error:
                    result = str(error)
                """)
        }
        #expect(result.asText?.contains("t.missing") == true)
    }

    @Test func retriesRunUntilTheyAreExhausted() async throws {
        let fixture = try CeleryFixture.shared.get()
        let flaky = CeleryTask("t.flaky") { context in
            guard context.request.retries < 2 else { return .integer(context.request.retries) }
            throw TaskExit.retry(after: 0.05, reason: TaskFailure(type: "OSError", message: "busy", module: "builtins"))
        }
        let hopeless = CeleryTask("t.hopeless") { _ in throw TaskExit.retry(after: 0.05, maxRetries: 1) }
        let slow = CeleryTask("t.slow") { _ in throw TaskExit.retry(after: 60) }
        let result = try await fixture.withWorker([flaky, hopeless, slow]) { queue, _ in
            try await fixture.python.run(
                """
                import time
                result = [app.send_task('t.flaky', queue='\(queue)').get(timeout=10)]
                try:
                    app.send_task('t.hopeless', queue='\(queue)').get(timeout=10)
                except celery.exceptions.MaxRetriesExceededError as error:
                    result.append('exhausted')
                waiting = app.send_task('t.slow', queue='\(queue)')
                for _ in range(100):
                    if waiting.status == 'RETRY':
                        break
                    time.sleep(0.05)
                result.append(waiting.status)
                """)
        }
        #expect(result == [2, "exhausted", "RETRY"])
    }

    @Test func tasksAreDelayedAndExpire() async throws {
        let fixture = try CeleryFixture.shared.get()
        let result = try await fixture.withWorker([.add]) { queue, _ in
            try await fixture.python.run(
                """
                import datetime, time
                begin = time.time()
                app.send_task('t.add', (1, 2), countdown=0.5, queue='\(queue)').get(timeout=10)
                result = [0.5 <= time.time() - begin < 5]
                late = app.send_task('t.add', (1, 2), queue='\(queue)', expires=datetime.datetime.now(datetime.timezone.utc)
                                     - datetime.timedelta(seconds=1))
                try:
                    late.get(timeout=10)
                except celery.exceptions.TaskRevokedError as error:
                    result += [str(error), late.status]
                held = app.send_task('t.add', (1, 2), countdown=0.6, expires=0.3, queue='\(queue)')
                try:
                    held.get(timeout=10)
                except celery.exceptions.TaskRevokedError as error:
                    result.append(str(error))
                """)
        }
        #expect(result == [true, "expired", "REVOKED", "expired"])
    }

    @Test func timeLimitsEndTasks() async throws {
        let fixture = try CeleryFixture.shared.get()
        let endless = CeleryTask("t.endless") { _ in
            try await Task.sleep(for: .seconds(60))
            return .null
        }
        let notes = Notes()
        let patient = CeleryTask("t.patient") { context in
            while context.interruption == nil { try await Task.sleep(for: .milliseconds(10)) }
            notes.add("\(String(describing: context.interruption))")
            return "stopped by itself"
        }
        let result = try await fixture.withWorker([endless, patient]) { queue, _ in
            try await fixture.python.run(
                """
                try:
                    app.send_task('t.endless', queue='\(queue)', time_limit=0.3).get(timeout=10)
                except Exception as error:
                    result = [type(error).__name__]
                result.append(app.send_task('t.patient', queue='\(queue)', soft_time_limit=0.2).get(timeout=10))
                """)
        }
        #expect(result == ["TimeLimitExceeded", "stopped by itself"])
        #expect(notes.all == ["Optional(Celery.Interruption.softTimeLimit)"])
    }

    @Test func rejectedAndIgnoredTasks() async throws {
        let fixture = try CeleryFixture.shared.get()
        let reject = CeleryTask("t.reject") { context in
            guard context.request.isRedelivered else { throw TaskExit.reject(requeue: true, reason: "not here") }
            return "the second time"
        }
        let giveUp = CeleryTask("t.giveUp") { _ in throw TaskExit.reject(requeue: false, reason: "never") }
        let ignore = CeleryTask("t.ignore") { _ in throw TaskExit.ignore }
        let result = try await fixture.withWorker([reject, giveUp, ignore]) { queue, _ in
            try await fixture.python.run(
                """
                ignored = app.send_task('t.ignore', queue='\(queue)')
                result = [app.send_task('t.reject', queue='\(queue)').get(timeout=10)]
                try:
                    app.send_task('t.giveUp', queue='\(queue)').get(timeout=10)
                except Exception as error:
                    result.append(type(error).__name__)
                result.append(ignored.status)
                """)
        }
        #expect(result == ["the second time", "Reject", "PENDING"])
    }

    @Test func priorityDecidesWhatIsTakenFirst() async throws {
        let fixture = try CeleryFixture.shared.get()
        let notes = Notes()
        let note = CeleryTask("t.note") { context in
            notes.add(context.arguments.first?.asText ?? "")
            return .null
        }
        let queue = "q-\(UniqueID.make().prefix(8))"
        _ = try await fixture.python.run(
            """
            prioritised = [app.send_task('t.note', (str(p),), priority=p, queue='\(queue)') for p in (9, 3, 0, 6)]
            """)
        _ = try await fixture.withWorker([note]) {
            $0.queues = [queue]
            $0.concurrency = 1
            $0.prefetchMultiplier = 1
        } _: { _, _ in
            try await fixture.python.run("result = [s.get(timeout=10) for s in prioritised]")
        }
        #expect(notes.all == ["0", "3", "6", "9"])
    }
}
