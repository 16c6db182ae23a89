import Dicom
import Foundation
import Testing

/// No bytes make the reader trap, hang or use unbounded memory. `make fuzz` runs a million inputs.
struct FuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["DICOM_FUZZ_COUNT"].flatMap(Int.init) ?? 2000
    private static let seed = environment["DICOM_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

    private static let limits: DicomLimits = {
        var limits = DicomLimits()
        limits.inflatedBytes = 1 << 22
        return limits
    }()

    /// Reads whatever can be read: elements, values, pixels, geometry.
    private static func read(_ bytes: [UInt8]) -> Bool {
        guard let file = try? DicomFile(bytes, limits: limits) else { return false }
        visit(file.meta)
        visit(file.dataSet)
        if let pixels = try? PixelFrames(file) { _ = try? pixels.values(ofFrame: pixels.layout.frames - 1) }
        if let frames = try? ImageFrame.frames(of: file, at: URL(fileURLWithPath: "/input")) {
            for series in SeriesAssembly(frames).series { _ = SequenceGuess(series.attributes) }
        }
        return true
    }

    private static func visit(_ dataSet: DataSet) {
        for element in dataSet.elements {
            if case .items(let items) = element.value(in: dataSet.characterSet) { items.forEach(visit) }
        }
    }

    @Test func damagedFilesAreReadOrRefused() throws {
        let samples = try Peer.testFiles.get().map { try Peer.bytes(of: $0) }
        let files = (samples + (try Self.multiFrameFiles())).filter { $0.count < 60_000 }
        let before = Self.peakMemory()
        let lanes = 2
        let outcomes = Outcomes()
        DispatchQueue.concurrentPerform(iterations: lanes) { lane in
            for number in stride(from: lane, to: Self.count, by: lanes) {
                var mutator = Mutator(seed: Self.seed &* 1_000_003 &+ UInt64(number))
                let input = mutator.mutated(files[mutator.next(below: files.count)])
                let start = ContinuousClock.now
                let isRead = Self.read(input)
                outcomes.add(isRead, number: number, duration: .now - start)
            }
        }
        let found = outcomes.all
        print("\(Self.count) inputs, \(found.read) read, slowest \(found.slowest) (input \(found.slowestNumber))")
        #expect(found.read > Self.count / 10 && found.read < Self.count)
        #expect(found.slowest < .seconds(5), "input \(found.slowestNumber) of seed \(Self.seed)")
        #expect(Self.peakMemory() - before < 1 << 20, "KiB")
    }

    /// Series with functional groups, of which pydicom's wheel has none.
    private static func multiFrameFiles() throws -> [[UInt8]] {
        try inTemporaryFolder { folder in
            _ = try Peer.run("hospital.py", ["enhanced", folder.path])
            let names = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
            return names.compactMap { $0 as? URL }.filter { !$0.hasDirectoryPath }.compactMap {
                try? Peer.bytes(of: $0)
            }
        }
    }

    /// KiB.
    private static func peakMemory() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}

private final class Outcomes: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all = (read: 0, slowest: Duration.zero, slowestNumber: 0)

    func add(_ isRead: Bool, number: Int, duration: Duration) {
        lock.withLock {
            if isRead { all.read += 1 }
            if duration > all.slowest {
                all.slowest = duration
                all.slowestNumber = number
            }
        }
    }
}
