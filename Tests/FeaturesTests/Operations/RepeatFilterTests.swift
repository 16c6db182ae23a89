import Testing

@testable import Features

@Suite struct RepeatFilterTests {
    @Test func oneLineForEachCauseAndInterval() {
        var filter = RepeatFilter(interval: .seconds(60))
        let start = ContinuousClock.now
        #expect(filter.judge("database", at: start) == .write(omitted: 0))
        for second in 1..<60 { #expect(filter.judge("database", at: start + .seconds(second)) == .leaveOut) }
        #expect(filter.judge("disk", at: start + .seconds(30)) == .write(omitted: 0))
        #expect(filter.judge("database", at: start + .seconds(60)) == .write(omitted: 59))
        #expect(filter.judge("database", at: start + .seconds(61)) == .leaveOut)
        #expect(filter.judge("database", at: start + .seconds(600)) == .write(omitted: 1))
    }

    @Test func everyCauseAnewIsWrittenAndTheMemoryIsBounded() {
        var filter = RepeatFilter(interval: .seconds(60))
        let start = ContinuousClock.now
        for number in 0..<1000 { #expect(filter.judge("\(number)", at: start) == .write(omitted: 0)) }
        #expect(filter.judge("0", at: start + .seconds(1)) == .leaveOut)
        #expect(filter.judge("later", at: start + .seconds(61)) == .write(omitted: 0))
        #expect(filter.judge("later", at: start + .seconds(62)) == .leaveOut)
    }
}
