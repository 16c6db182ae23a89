import Basics
import Foundation
import TestSupport
import Testing

@testable import Celery

/// `celery inspect` and `celery control` of genuine Celery.
struct ControlTests {
    private static let sleep = CeleryTask("t.sleep") { context in
        try await Task.sleep(for: .seconds(context.arguments.first?.asNumber ?? 60))
        return "done"
    }

    /// `inspect` and `control` address the worker alone; `node` is its name.
    private static func run(
        _ tasks: [CeleryTask], configure: @escaping (inout WorkerConfiguration) -> Void = { _ in },
        _ code: String
    ) async throws -> JSONValue {
        let fixture = try CeleryFixture.shared.get()
        return try await fixture.withWorker(tasks, configure: configure) { queue, _ in
            try await fixture.python.run(
                """
                import time
                queue, node = '\(queue)', 'swift@\(queue)'
                inspect = app.control.inspect(destination=[node], timeout=3)
                for _ in range(50):
                    if app.control.inspect(destination=[node], timeout=0.2).ping():
                        break
                def control(method, **arguments):
                    replies = getattr(app.control, method)(destination=[node], reply=True, timeout=3, **arguments)
                    return replies[0][node]
                def until(condition):
                    for _ in range(200):
                        if condition():
                            return True
                        time.sleep(0.02)
                    return False
                \(code)
                """)
        }
    }

    @Test func inspectionAnswers() async throws {
        let result = try await Self.run(
            [Self.sleep, .add], configure: { $0.concurrency = 1 },
            """
            running = app.send_task('t.sleep', (30,), kwargs={'why': 'x'}, queue=queue)
            waiting = app.send_task('t.sleep', (30,), queue=queue)
            later = app.send_task('t.sleep', (30,), queue=queue, countdown=60)
            until(lambda: inspect.active()[node] and inspect.reserved()[node] and inspect.scheduled()[node])
            active, stats = inspect.active()[node][0], inspect.stats()[node]
            result = [
                inspect.ping()[node], inspect.registered()[node],
                [active['id'] == running.id, active['name'], active['args'], active['kwargs'], active['delivery_info']['routing_key'] == queue],
                inspect.reserved()[node][0]['id'] == waiting.id,
                inspect.scheduled()[node][0]['request']['id'] == later.id,
                [q['name'] == queue for q in inspect.active_queues()[node]],
                [stats['pool']['max-concurrency'], stats['broker']['transport'], stats['prefetch_count'], stats['pid'] > 0],
                {inspect.query_task(running.id)[node][running.id][0]},
                sorted(inspect.conf()[node])[0],
                'ok' in inspect.report()[node], inspect.clock()[node]['clock'] > 0, inspect.revoked()[node],
            ]
            result[7] = list(result[7])
            app.control.revoke([running.id, waiting.id, later.id], terminate=True, destination=[node], reply=True)
            """)
        let expected: [JSONValue] = [
            ["ok": "pong"], ["t.add", "t.sleep"], [true, "t.sleep", [30], ["why": "x"], true], true, true, [true],
            [1, "redis", 4, true], ["active"], "broker_transport_options", true, true, [],
        ]
        #expect(result == .list(expected))
    }

    @Test func revokedTasksEnd() async throws {
        let notes = Notes()
        let watch = CeleryTask("t.watch") { context in
            notes.add("start")
            do { try await Task.sleep(for: .seconds(60)) } catch { notes.add("\(context.interruption ?? .shutdown)") }
            return .null
        }
        let result = try await Self.run(
            [watch, .add],
            """
            running = app.send_task('t.watch', queue=queue)
            later = app.send_task('t.watch', queue=queue, countdown=60)
            until(lambda: inspect.active()[node] and inspect.scheduled()[node])
            result = [control('revoke', task_id=running.id, terminate=True, signal='SIGKILL').get('ok') == 'terminate: ' + running.id]
            for sent in running, later:
                if sent is later:
                    control('revoke', task_id=later.id)
                try:
                    sent.get(timeout=5)
                except celery.exceptions.TaskRevokedError as error:
                    result += [str(error), sent.status]
            control('revoke', task_id='in-advance')
            early = app.send_task('t.add', (1, 2), task_id='in-advance', queue=queue)
            result.append(until(lambda: early.status == 'REVOKED'))
            result.append(sorted(inspect.revoked()[node]) == sorted(['in-advance', running.id, later.id]))
            result.append(app.send_task('t.add', (1, 2), queue=queue).get(timeout=5))
            """)
        #expect(result == [true, "terminated", "REVOKED", "revoked", "REVOKED", true, true, 3])
        #expect(notes.all == ["start", #"revoked(signal: "SIGKILL")"#])
    }

    @Test func limitsAreChanged() async throws {
        let result = try await Self.run(
            [Self.sleep, .add],
            """
            result = [control('rate_limit', task_name='t.add', rate_limit='5/s'), control('rate_limit', task_name='t.none', rate_limit='1/s'),
                      control('rate_limit', task_name='t.add', rate_limit='fast').get('error') is not None, inspect.registered()[node][0]]
            begin = time.time()
            sent = [app.send_task('t.add', (1, n), queue=queue) for n in range(4)]
            values = [one.get(timeout=10) for one in sent]
            result += [values, 0.55 < time.time() - begin < 3]
            result.append(control('rate_limit', task_name='t.add', rate_limit='0'))
            result.append(control('time_limit', task_name='t.sleep', soft=0.1, hard=0.2))
            try:
                app.send_task('t.sleep', queue=queue).get(timeout=5)
            except Exception as error:
                result.append(type(error).__name__)
            """)
        #expect(
            result == [
                ["ok": "new rate limit set successfully"], ["error": "unknown task"], true, "t.add [rate_limit=5/s]",
                [1, 2, 3, 4], true, ["ok": "rate limit disabled successfully"], ["ok": "time limits set successfully"],
                "TimeLimitExceeded",
            ])
    }

    @Test func queuesAndConcurrencyAreChanged() async throws {
        let result = try await Self.run(
            [Self.sleep, .add],
            """
            result = [control('add_consumer', queue=queue + '-more')['ok'].startswith('add consumer')]
            result.append(app.send_task('t.add', (1, 2), queue=queue + '-more').get(timeout=5))
            control('cancel_consumer', queue=queue + '-more')
            result.append([q['name'] == queue for q in inspect.active_queues()[node]])
            result.append(control('pool_grow', n=3))
            result.append(inspect.stats()[node]['pool']['max-concurrency'])
            control('pool_shrink', n=4)
            result.append(inspect.stats()[node]['pool']['max-concurrency'])
            result.append('error' in app.control.pool_restart(destination=[node], reply=True, timeout=3)[0][node])
            result.append('error' in app.control.broadcast('unheard_of', destination=[node], reply=True, timeout=3)[0][node])
            """)
        #expect(result == [true, 3, [true], ["ok": "pool will grow"], 5, 1, true, true])
    }

    @Test func shutdownEndsTheWorker() async throws {
        let fixture = try CeleryFixture.shared.get()
        let queue = "q-\(UniqueID.make().prefix(8))"
        let worker = CeleryWorker(
            WorkerConfiguration(broker: fixture.url, backend: fixture.url, nodeName: "swift@\(queue)", queues: [queue]),
            tasks: [.add], logger: .quiet)
        async let running: Void = worker.run()
        _ = try await fixture.python.run("result = app.send_task('t.add', (1, 2), queue='\(queue)').get(timeout=10)")
        _ = try await fixture.python.run("app.control.shutdown(destination=['swift@\(queue)'])")
        await running
    }

    /// The command line, whose output a person reads.
    @Test func theCommandLineSeesTheWorker() async throws {
        let fixture = try CeleryFixture.shared.get()
        let output = try await fixture.withWorker([.add]) { queue, _ in
            _ = try await fixture.python.run(
                "result = app.send_task('t.add', (1, 2), queue='\(queue)').get(timeout=10)")
            return try await TestProcesses.output(
                of: PythonPeer.process(
                    ["-m", "celery", "-A", "peer_tasks", "inspect", "-d", "swift@\(queue)", "-t", "5", "registered"],
                    broker: fixture.server.url))
        }
        #expect(output.contains("t.add") && output.contains("1 node online"))
    }
}
