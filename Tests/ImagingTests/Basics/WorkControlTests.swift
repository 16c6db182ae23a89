import Basics
import Synchronization
import Testing

/// The progress of a part is reported as progress of the whole.
struct WorkControlTests {
    @Test func aPartsOwnShareIsOneOfTheWhole() {
        let told = Mutex<[Double]>([])
        let whole = WorkControl(report: { _, fraction in told.withLock { $0.append(fraction) } })
        let part = whole.share(0.25...0.75)
        for fraction in [0.0, 0.5, 1] { part.report("step", fraction) }
        part.share(0.5...1).report("deeper", 0)
        #expect(told.withLock { $0 } == [0.25, 0.5, 0.75, 0.5])
    }

    @Test func aPartIsCancelledWithTheWhole() {
        #expect(WorkControl(isCancelled: { true }).share(0...0.5).isCancelled())
        #expect(!WorkControl().share(0...0.5).isCancelled())
    }
}
