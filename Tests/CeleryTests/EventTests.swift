import Basics
import Foundation
import TestSupport
import Testing

@testable import Celery

/// Monitors of genuine Celery.
struct EventTests {
    @Test func aReceiverSeesWorkersAndTasks() async throws {
        let fixture = try CeleryFixture.shared.get()
        let fail = CeleryTask("t.fail") { _ in throw TaskFailure(type: "ValueError", message: "broken") }
        let retry = CeleryTask("t.retry") { context in
            guard context.request.retries > 0 else { throw TaskExit.retry(after: 0.05) }
            return .null
        }
        let result = try await fixture.withWorker([.add, fail, retry]) {
            $0.heartbeatInterval = 0.2
        } _: { queue, _ in
            try await fixture.python.run(
                """
                import threading, time
                node, state, seen, kinds = 'swift@\(queue)', app.events.State(), {}, set()
                def note(event):
                    state.event(event)
                    if event['hostname'] == node:
                        kinds.add(event['type'])
                        seen.setdefault(event.get('uuid'), []).append(event['type'])
                def listen():
                    with app.connection_for_read() as connection:
                        app.events.Receiver(connection, handlers={'*': note}).capture(limit=None, timeout=None, wakeup=False)
                threading.Thread(target=listen, daemon=True).start()
                def until(condition):
                    for _ in range(300):
                        if condition():
                            return True
                        time.sleep(0.02)
                    return False
                until(lambda: 'worker-heartbeat' in kinds)
                app.control.enable_events(destination=[node], reply=True)
                sent = [app.send_task('t.' + name, args, queue='\(queue)') for name, args in (('add', (1, 2)), ('fail', ()), ('retry', ()))]
                done = [until(lambda: seen.get(one.id, [''])[-1] in ('task-succeeded', 'task-failed')) for one in sent]
                task = state.tasks[sent[0].id]
                result = [done, [seen[one.id] for one in sent], [task.name, task.state, task.result, task.worker.hostname == node],
                          state.workers[node].alive, state.tasks[sent[1].id].exception]
                """)
        }
        #expect(
            result == [
                [true, true, true],
                [
                    ["task-received", "task-started", "task-succeeded"],
                    ["task-received", "task-started", "task-failed"],
                    [
                        "task-received", "task-started", "task-retried", "task-received", "task-started",
                        "task-succeeded",
                    ],
                ],
                ["t.add", "SUCCESS", "3", true], true, "ValueError('broken')",
            ])
    }

    @Test func flowerShowsTheWorker() async throws {
        let fixture = try CeleryFixture.shared.get()
        let port = try FreePort.find()
        let flower = try PythonPeer.process(
            ["-m", "celery", "-A", "peer_tasks", "flower", "--address=127.0.0.1", "--port=\(port)", "--logging=error"],
            broker: fixture.server.url)
        flower.environment?["FLOWER_UNAUTHENTICATED_API"] = "true"
        flower.standardOutput = FileHandle.nullDevice
        flower.standardError = FileHandle.nullDevice
        try flower.run()
        TestProcesses.add(flower)
        defer { flower.terminate() }
        try await fixture.withWorker([.add]) {
            $0.heartbeatInterval = 0.5
            $0.sendsTaskEvents = true
        } _: { queue, _ in
            _ = try await fixture.python.run(
                "result = app.send_task('t.add', (1, 2), task_id='flower-\(queue)', queue='\(queue)').get(timeout=10)")
            try await eventually(within: 30, "Flower lists the worker") {
                guard let workers = await Self.read("http://127.0.0.1:\(port)/api/workers?refresh=1") else {
                    return false
                }
                let worker = workers["swift@\(queue)"]
                return worker?["registered"]?.asList == ["t.add"] && worker?["stats"]?["pid"] != nil
            }
            _ = try await fixture.python.run(
                "result = app.send_task('t.add', (2, 2), task_id='flower-2-\(queue)', queue='\(queue)').get(timeout=10)"
            )
            try await eventually(within: 20, "Flower shows a task") {
                let task = await Self.read("http://127.0.0.1:\(port)/api/task/info/flower-2-\(queue)")
                return task?["state"] == "SUCCESS" && task?["worker"]?.asText == "swift@\(queue)"
            }
        }
    }

    private static func read(_ address: String) async -> JSONValue? {
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        curl.arguments = ["-s", "--max-time", "10", address]
        guard let text = try? await TestProcesses.output(of: curl) else { return nil }
        return try? JSONValue(reading: text)
    }
}
