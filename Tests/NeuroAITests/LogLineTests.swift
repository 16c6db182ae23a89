import Foundation
import Kernel
import Logging
import TestSupport
import Testing
import Tracing

@testable import neuroai

/// Log lines and log files.
@Suite struct LogLineTests {
    @Test(arguments: [
        ("plain", #""plain""#), ("say \"x\"", #""say \"x\"""#), ("a\\b", #""a\\b""#), ("a\nb\r\tc", #""a\nb\r\tc""#),
        ("\u{1}\u{7F}", #""\u0001\u007f""#), ("\u{2028}", #""\u2028""#), ("grüße", #""grüße""#),
    ])
    func valuesAreQuotedAsJSON(_ text: String, _ quoted: String) throws {
        #expect(LineLogHandler.quoted(text) == quoted)
        #expect(try JSONDecoder().decode(String.self, from: Data(quoted.utf8)) == text)
    }

    /// The lines that `log` writes to a file.
    private func lines(_ format: LineLogHandler.Format, _ log: @escaping @Sendable (Logger) -> Void) async throws
        -> [String]
    {
        try await TemporaryFolder.with { folder in
            let writer = LogWriter(file: try LogFile(folder: folder, name: "app.log", limit: 1 << 20, kept: 2))
            log(
                Logger(label: "test") {
                    LineLogHandler(label: $0, format: format, writer: writer, metadataProvider: .trace)
                })
            writer.flush()
            let text = try String(contentsOf: folder.appendingPathComponent("app.log"), encoding: .utf8)
            return text.split(separator: "\n").map(String.init)
        }
    }

    @Test func anEventStaysOnItsLine() async throws {
        let lines = try await lines(.text) {
            $0.notice("two\nlines", metadata: ["path": "/a b", "count": "3", "empty": ""])
        }
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix(#" notice test: "two\nlines" count=3 empty="" path="/a b""#), "\(lines[0])")
    }

    @Test func forgedMetadataDoesNotReplaceTheLinesOwnKeys() async throws {
        let lines = try await lines(.json) {
            $0.warning("stopped", metadata: ["level": "info", "message": "all is well\"}", "outage": "database"])
        }
        let object = try JSONDecoder().decode([String: String].self, from: Data(try #require(lines.first).utf8))
        #expect(object["level"] == "warning")
        #expect(object["message"] == "stopped")
        #expect(object["level_"] == "info")
        #expect(object["message_"] == "all is well\"}")
    }

    @Test func aLineCarriesTheCurrentTrace() async throws {
        let lines = try await lines(.json) { logger in
            logger.info("outside")
            LogTracer(logger: logger).withSpan("work") { _ in logger.info("inside", metadata: ["span_id": "own"]) }
        }
        let objects = try lines.map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
        #expect(objects.map { $0["trace_id"] != nil } == [false, true, true], "\(lines)")
        #expect(objects[1]["span_id"] == "own" && objects[1]["trace_id"] == objects[2]["trace_id"])
    }

    @Test func anOutageIsWrittenOnceAMinute() async throws {
        let lines = try await lines(.text) { logger in
            for _ in 0..<5 { logger.error("no database", metadata: ["outage": "database"]) }
            logger.error("no disk", metadata: ["outage": "disk"])
        }
        #expect(lines.count == 2)
    }
}

@Suite struct LogFileTests {
    @Test func aFullFileIsRotatedAndTheOldestIsDropped() async throws {
        try await TemporaryFolder.with { folder in
            var file = try LogFile(folder: folder, name: "app.log", limit: 10, kept: 2)
            for line in ["first....\n", "second...\n", "third....\n", "fourth...\n"] { file.append(Array(line.utf8)) }
            func text(_ name: String) -> String? {
                try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            }
            #expect(text("app.log") == "fourth...\n")
            #expect(text("app.log.1") == "third....\n")
            #expect(text("app.log.2") == "second...\n")
            #expect(text("app.log.3") == nil)
        }
    }

    @Test func aLineIsNotCutInTwo() async throws {
        try await TemporaryFolder.with { folder in
            var file = try LogFile(folder: folder, name: "app.log", limit: 10, kept: 1)
            file.append(Array("longer than the limit\n".utf8))
            let text = try String(contentsOf: folder.appendingPathComponent("app.log"), encoding: .utf8)
            #expect(text == "longer than the limit\n")
        }
    }

    /// Two workers write to one file; each detects that the other has rotated it.
    @Test func twoWritersShareAFile() async throws {
        try await TemporaryFolder.with { folder in
            var one = try LogFile(folder: folder, name: "celery.log", limit: 12, kept: 3)
            var other = try LogFile(folder: folder, name: "celery.log", limit: 12, kept: 3)
            one.append(Array("one 1\n".utf8))
            other.append(Array("other 1\n".utf8))
            one.append(Array("one 2\n".utf8))
            let texts = ["celery.log", "celery.log.1", "celery.log.2"].compactMap {
                try? String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)
            }
            let written = texts.joined().split(separator: "\n").map(String.init)
            #expect(Set(written) == ["one 1", "other 1", "one 2"])
            #expect(written.count == 3)
        }
    }

    @Test func aFolderThatCanNotBeWrittenIsAnError() throws {
        #expect(throws: SettingsError.self) {
            try LogFile(folder: URL(fileURLWithPath: "/proc/logs"), name: "app.log", limit: 10, kept: 1)
        }
    }

    @Test func onlyItsOwnerAndGroupReadIt() async throws {
        try await TemporaryFolder.with { folder in
            let logs = folder.appendingPathComponent("logs")
            _ = try LogFile(folder: logs, name: "app.log", limit: 10, kept: 1)
            for url in [logs, logs.appendingPathComponent("app.log")] {
                let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int
                #expect(try #require(mode) & 0o007 == 0, "\(url.lastPathComponent)")
            }
        }
    }
}
