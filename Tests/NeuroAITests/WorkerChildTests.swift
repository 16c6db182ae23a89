import Features
import Foundation
import Kernel
import Testing

@testable import neuroai

/// Shell scripts that stand in for workers.
@Suite(.serialized) struct WorkerChildTests {
    private static func child(_ script: String, longestSilence: Int = 30, longestStop: Duration = .seconds(30))
        -> WorkerChild
    {
        WorkerChild(
            program: "/bin/sh", arguments: ["-c", script], longestSilence: longestSilence, longestStop: longestStop)
    }

    @Test(arguments: [
        ("exit 3", "status 3", JobLoss.unknown), ("kill -SEGV $$", "signal 11", .crash),
        ("kill -ABRT $$", "signal 6", .crash), ("kill -KILL $$", "signal 9", .unknown),
        ("kill -TERM $$", "signal 15", .unknown),
    ]) func tellsHowItEnded(_ script: String, _ text: String, _ loss: JobLoss) async {
        #expect(await Self.child(script).run() == WorkerChild.Ending(text: text, loss: loss))
    }

    @Test func aProgramThatIsNotThereIsAnEnding() async {
        let ending = await WorkerChild(program: "/nonexistent", arguments: []).run()
        #expect(ending.loss == .unknown)
        #expect(!ending.text.isEmpty)
    }

    @Test func aSilentChildIsKilled() async {
        let begun = ContinuousClock.now
        let ending = await Self.child("trap '' TERM; exec sleep 60", longestSilence: 1).run()
        #expect(ending == WorkerChild.Ending(text: "signal 9", loss: .silence))
        #expect(ContinuousClock.now - begun < .seconds(30))
    }

    @Test func aChildThatSpeaksIsLeftAlone() async {
        let script = "for i in 1 2 3 4 5 6 7 8; do echo .; sleep 0.5; done; exit 4"
        #expect(await Self.child(script, longestSilence: 2).run().text == "status 4")
    }

    /// The worker treats end of input as the end of its server.
    @Test func itsInputStaysOpenWhileItRuns() async {
        let begun = ContinuousClock.now
        let run = Task {
            _ = await Self.child("read line").run()
            return ContinuousClock.now
        }
        try? await Task.sleep(for: .seconds(1))
        run.cancel()
        let ended = await run.value
        #expect(ended - begun >= .seconds(1))
    }

    @Test func aStoppedChildHasTimeToEnd() async {
        let ending = await stopped(
            Self.child("trap '' PIPE; trap 'sleep 1; exit 6' TERM; while :; do echo .; sleep 0.1; done"))
        #expect(ending.text == "status 6")
    }

    @Test func aChildThatDoesNotStopIsKilled() async {
        let begun = ContinuousClock.now
        let ending = await stopped(
            Self.child("trap '' PIPE TERM; while :; do echo .; sleep 0.1; done", longestStop: .seconds(1)))
        #expect(ending.text == "signal 9")
        #expect(ContinuousClock.now - begun < .seconds(30))
    }

    /// How a child exits when it is asked to stop one second after its start.
    private func stopped(_ child: WorkerChild) async -> WorkerChild.Ending {
        let run = Task { await child.run() }
        try? await Task.sleep(for: .seconds(1))
        run.cancel()
        return await run.value
    }
}
