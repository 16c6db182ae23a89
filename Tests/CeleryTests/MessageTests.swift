import Basics
import Foundation
import Testing

@testable import Celery

/// Values of the protocol, without a broker.
struct MessageTests {
    @Test(
        arguments: [
            ("2026-11-30T14:23:01.204366+00:00", 1_796_048_581.204366), ("2026-11-30T14:23:01", 1_796_048_581),
            ("2026-11-30 15:23:01+01:00", 1_796_048_581), ("2026-11-30T08:53:01-0530", 1_796_048_581),
            ("2026-11-30T14:23:01Z", 1_796_048_581), ("1970-01-01", 0), ("1969-12-31T23:59:59.5+00:00", -0.5),
            ("2024-02-29T00:00:00", 1_709_164_800),
        ] as [(String, Double)])
    func timesAreRead(_ text: String, _ seconds: Double) {
        #expect(abs((ISOTime.date(text)?.timeIntervalSince1970 ?? .nan) - seconds) < 1e-6)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-02-30", "2026-11-30T25:00", "2026-11-30T10:00:00+", "yesterday",
        "2026-11-30T10:00:00.Z",
    ])
    func whatIsNoTimeIsRefused(_ text: String) {
        #expect(ISOTime.date(text) == nil)
    }

    @Test func timesAreWrittenAsPythonDoes() {
        #expect(ISOTime.text(Date(timeIntervalSince1970: 1_796_048_581.204366)) == "2026-11-30T14:23:01.204366+00:00")
        #expect(ISOTime.text(Date(timeIntervalSince1970: 0)) == "1970-01-01T00:00:00+00:00")
        #expect(ISOTime.text(Date(timeIntervalSince1970: -0.5)) == "1969-12-31T23:59:59.500000+00:00")
    }

    @Test func valuesAreShownAsPythonDoes() {
        #expect(PythonRepr.arguments([1]) == "(1,)")
        #expect(
            PythonRepr.arguments([nil as JSONValue? ?? .null, true, 1.5, "it's", "a\"b'c\n"])
                == #"(None, True, 1.5, "it's", 'a"b\'c\n')"#)
        #expect(PythonRepr.keywords(["b": [1, 2], "a": [:]]) == "{'a': {}, 'b': [1, 2]}")
        #expect(PythonRepr.value(.text(String(repeating: "x", count: 5000))).count == 1024)
    }

    @Test func idsAreRandomUUIDs() throws {
        let ids = (0..<1000).map { _ in UniqueID.make() }
        #expect(Set(ids).count == 1000)
        for id in ids {
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
    }

    @Test func rateLimitsAreRead() throws {
        #expect(
            try RateLimit("10/m")?.rate == 10.0 / 60 && RateLimit("3")?.rate == 3 && RateLimit("36/h")?.rate == 0.01)
        #expect(try RateLimit("") == nil && RateLimit("0") == nil && RateLimit("0/s") == nil)
        for text in ["x", "1/d", "-1", "1/", "/s", "1/s/s"] {
            #expect(throws: RateLimit.Malformed.self, "\(text)") { try RateLimit(text) }
        }
    }

    @Test func aBucketReleasesAtItsRate() throws {
        var bucket = RateBucket<Int>(try #require(try RateLimit("2/s")))
        for number in 1...3 { bucket.append(number) }
        var started: [(Int, Double)] = []
        var now = 100.0
        while true {
            switch bucket.step(now: now) {
            case .start(let number): started.append((number, now))
            case .wait(let seconds): now += seconds
            case .idle:
                #expect(started.map(\.0) == [1, 2, 3] && started.map(\.1) == [100, 100.5, 101])
                return
            }
        }
    }

    @Test func listsOfAQueueAreKombus() {
        var keys = BrokerKeys()
        #expect(
            keys.lists(["a", "b"]) == [
                "a", "b", "a\u{6}\u{16}3", "b\u{6}\u{16}3", "a\u{6}\u{16}6", "b\u{6}\u{16}6", "a\u{6}\u{16}9",
                "b\u{6}\u{16}9",
            ])
        #expect(keys.list("a", priority: 5) == "a\u{6}\u{16}3" && keys.queue(ofList: "a\u{6}\u{16}3") == "a")
        keys.prefix = "x:"
        #expect(keys.list("a", priority: 0) == "x:a" && keys.queue(ofList: "x:a\u{6}\u{16}9") == "a")
    }
}
