import Basics
import Foundation
import Testing

@testable import Celery

/// What a Python client builds around our tasks.
struct CanvasTests {
    private static let tasks: [CeleryTask] = [
        .add,
        CeleryTask("t.sum") { context in
            .integer((context.arguments.first?.asList ?? []).compactMap(\.asInteger).reduce(0, +))
        },
        CeleryTask("t.fail") { _ in throw TaskFailure(type: "ValueError", message: "broken", module: "builtins") },
        CeleryTask("t.retry") { context in
            guard context.request.retries > 0 else { throw TaskExit.retry(after: 0.05) }
            return .integer(context.arguments.compactMap(\.asInteger).reduce(0, +))
        },
    ]

    /// `s(name, *args)` makes a signature for the worker's queue, `si` an immutable one.
    private static func run(_ code: String) async throws -> JSONValue {
        let fixture = try CeleryFixture.shared.get()
        return try await fixture.withWorker(tasks) { queue, _ in
            try await fixture.python.run(
                """
                def s(name, *args, **more):
                    return signature('t.' + name, args=args, app=app, options={'queue': '\(queue)'}, **more)
                def si(name, *args):
                    return s(name, *args, immutable=True)
                def error_of(sent):
                    try:
                        return ['no error', sent.get(timeout=10)]
                    except Exception as error:
                        return [type(error).__name__, str(error)]
                \(code)
                """)
        }
    }

    @Test(
        arguments: [
            ("chain(s('add', 1, 2), s('add', 3), si('add', 10, 10), s('add', 1))", 21),
            ("chain(s('add', 1, 2), chain(s('add', 3), s('add', 4)), s('add', 5))", 15),
            ("chord([s('add', 1, 1), s('add', 2, 2)], s('sum'))", 6),
            ("chain(s('add', 1, 2), group(s('add', 10), s('add', 20)), s('sum'), s('add', 100))", 136),
            ("chord([chain(s('add', 1, 1), s('add', 1)), s('add', 2, 2)], chain(s('sum'), s('add', 100)))", 107),
            ("chain(s('add', 1), chord([s('add', 1), s('add', 2)], s('sum')), s('add', 4))", 9),
            ("chord([chord([s('add', 1), s('add', 2)], s('sum')), s('add', 4)], s('sum'))", 7),
            ("chord([s('retry', 1), s('add', 4)], s('sum'))", 5),
            ("chain(group(s('add', 1), s('add', 2)), group(s('sum'), s('sum')), s('sum'))", 6),
        ] as [(String, Int)])
    func aCanvasHasItsResult(_ canvas: String, _ expected: Int) async throws {
        #expect(try await Self.run("result = \(canvas).apply_async().get(timeout=15)") == .integer(expected))
    }

    @Test func aGroupHasAllResultsInOrder() async throws {
        let result = try await Self.run(
            """
            sent = group(s('add', n, n) for n in range(20)).apply_async()
            result = [sent.get(timeout=10), sent.successful()]
            deep = chain(s('add', 1), group(s('add', 1), s('add', 2))).apply_async()
            result.append(deep.get(timeout=10))
            """)
        #expect(result == [.list((0..<20).map { .integer($0 * 2) }), true, [2, 3]])
    }

    @Test func linksAreCalled() async throws {
        let result = try await Self.run(
            """
            sent = s('add', 1, 2).apply_async(link=[s('add', 10).set(task_id='linked-1'), s('add', 20).set(task_id='linked-2')])
            result = [sent.get(timeout=10), app.AsyncResult('linked-1').get(timeout=10), app.AsyncResult('linked-2').get(timeout=10)]
            failing = s('fail').apply_async(link=[s('add', 1).set(task_id='never')],
                                            link_error=[s('sum').set(task_id='error-1')])
            result.append(error_of(failing))
            result.append(app.AsyncResult('error-1').get(timeout=10))
            result.append(app.AsyncResult('never').status)
            single = s('add', 1, 2).apply_async(link=s('add', 10))
            single.get(timeout=10)
            result.append([child.get(timeout=10) for child in single.children])
            """)
        #expect(result == [3, 13, 23, ["ValueError", "broken"], 0, "PENDING", [13]])
    }

    @Test func failuresReachWhoeverWaits() async throws {
        let result = try await Self.run(
            """
            result = [error_of(chain(s('add', 1), s('fail'), s('add', 2), s('add', 3)).apply_async())]
            sent = chord([s('add', 1), s('fail')], s('sum').on_error(s('sum').set(task_id='chord-error'))).apply_async()
            result.append([error_of(sent)[0], error_of(app.AsyncResult(sent.id))[0]])
            result.append(app.AsyncResult('chord-error').get(timeout=10))
            deep = chain(s('fail'), group(s('add', 1), s('add', 2)), s('sum'))
            result.append(error_of(deep.apply_async())[0])
            nested = chord([chain(s('fail'), s('add', 1)), s('add', 4)], s('sum')).apply_async()
            result.append(error_of(app.AsyncResult(nested.id))[0])
            """)
        #expect(result == [["ValueError", "broken"], ["ValueError", "ChordError"], 0, "ValueError", "ChordError"])
    }

    @Test func resultsSayWhereTheyBelong() async throws {
        let result = try await Self.run(
            """
            import json
            sent = chain(s('add', 1), s('add', 2).set(task_id='second')).apply_async()
            sent.get(timeout=10)
            meta = json.loads(app.backend.client.get('celery-task-meta-second'))
            result = [sorted(meta), meta['parent_id'] == sent.parent.id, meta['status'], meta['result'], meta['children'],
                      app.AsyncResult('second').date_done.year > 2000, app.backend.client.ttl('celery-task-meta-second') > 80000]
            """)
        #expect(
            result == [
                ["children", "date_done", "parent_id", "result", "status", "task_id", "traceback"], true, "SUCCESS", 3,
                [],
                true, true,
            ])
    }
}
