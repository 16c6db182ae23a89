import Basics
import Dispatch
import Foundation
import Imaging
import Logging
import Synchronization
import Testing

@testable import Features

struct ModelRegistryTests {
    @Test func aModelIsLoadedOnceAndThenAtHand() throws {
        try Shelf.with(["a"]) { (shelf) throws in
            #expect(shelf.registry.lastLoaded?.identity == nil)
            #expect(try shelf.digest(of: "a") == "a")
            #expect(try shelf.digest(of: "a") == "a")
            #expect(shelf.loads == ["a"])
            #expect(shelf.registry.lastLoaded?.identity.digest == "a")
        }
    }

    /// The operator's default and an institution's choice of the same model are the same loaded model.
    @Test func theDefaultIsTheModelOfItsFolder() throws {
        try Shelf.with(["a", "b"], defaultModel: "b") { (shelf) throws in
            #expect(try shelf.digest(of: nil) == "b")
            #expect(try shelf.digest(of: "b") == "b")
            #expect(shelf.loads == ["b"])
        }
    }

    @Test func aDefaultBesideTheOthersIsInstalledToo() throws {
        try Shelf.with(["a"], defaultModel: "../elsewhere") { (shelf) throws in
            try shelf.install("c", in: "../elsewhere")
            #expect(shelf.registry.installed.list().map(\.identity.digest).sorted() == ["a", "c"])
            #expect(shelf.registry.installed.defaultModel()?.digest == "c")
        }
    }

    @Test func requestsAtOnceLoadAModelOnce() throws {
        try Shelf.with(["a"]) { (shelf) throws in
            shelf.set { $0.loadTime = 0.1 }
            let found = shelf.together(8) { _ in try? shelf.digest(of: "a") }
            #expect(found == Array(repeating: "a", count: 8))
            #expect(shelf.loads == ["a"])
        }
    }

    @Test func twoModelsNeverLoadAtTheSameTime() throws {
        try Shelf.with(["a", "b"]) { (shelf) throws in
            shelf.set { $0.loadTime = 0.1 }
            _ = shelf.together(2) { try? shelf.digest(of: ["a", "b"][$0]) }
            #expect(shelf.loads.sorted() == ["a", "b"])
            #expect(shelf.mostAtOnce == 1)
        }
    }

    /// A job whose model is loaded must not wait for another job's model, which takes seconds to load.
    @Test func aLoadedModelIsAtHandWhileAnotherLoads() throws {
        try Shelf.with(["a", "b"]) { (shelf) throws in
            _ = try shelf.digest(of: "a")
            let isLoading = DispatchSemaphore(value: 0)
            let mayEnd = DispatchSemaphore(value: 0)
            shelf.set {
                $0.whileLoading = {
                    isLoading.signal()
                    _ = mayEnd.wait(timeout: .now() + 10)
                }
            }
            let ended = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                _ = try? shelf.digest(of: "b")
                ended.signal()
            }
            isLoading.wait()
            let answered = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                _ = try? shelf.digest(of: "a")
                if shelf.registry.lastLoaded?.identity.digest == "a" { answered.signal() }
            }
            #expect(answered.wait(timeout: .now() + 5) == .success)
            mayEnd.signal()
            ended.wait()
        }
    }

    @Test func aLoadThatFailedIsTriedAgainAndTakesNobodysPlace() throws {
        try Shelf.with(["a", "b", "c"]) { (shelf) throws in
            _ = try shelf.digest(of: "a")
            _ = try shelf.digest(of: "b")
            shelf.set { $0.isOutOfOrder = true }
            #expect(throws: ImagingError.self) { try shelf.digest(of: "c") }
            shelf.set { $0.isOutOfOrder = false }
            #expect(try shelf.digest(of: "a") == "a")
            #expect(try shelf.digest(of: "c") == "c")
            #expect(shelf.loads == ["a", "b", "c", "c"])
        }
    }

    @Test func theModelUsedLongestAgoMakesRoom() throws {
        try Shelf.with(["a", "b", "c"]) { (shelf) throws in
            for digest in ["a", "b", "a", "c", "a", "b"] { _ = try shelf.digest(of: digest) }
            // "c" replaced "b", and "b" replaced "c".
            #expect(shelf.loads == ["a", "b", "c", "b"])
        }
    }

    @Test func aRemovedModelIsNoLongerUsed() throws {
        try Shelf.with(["a", "b"], defaultModel: "a") { (shelf) throws in
            _ = try shelf.digest(of: "b")
            try shelf.remove("b")
            #expect(shelf.registry.installed.list().map(\.identity.digest) == ["a"])
            #expect(throws: SegmentationEngines.notInstalled) { try shelf.digest(of: "b") }
            try shelf.remove("a")
            #expect(shelf.registry.installed.defaultModel() == nil)
            let error = #expect(throws: ImagingError.self) { try shelf.digest(of: nil) }
            #expect(error?.message.contains("SEGMENTATION_MODEL_PATH") == true)
        }
    }

    @Test func aReplacedPackageIsReadAndLoadedAnew() throws {
        try Shelf.with(["a"]) { (shelf) throws in
            #expect(try shelf.digest(of: nil) == "a")
            try shelf.install("b", in: "a")
            #expect(try shelf.digest(of: nil) == "b")
            #expect(throws: SegmentationEngines.notInstalled) { try shelf.digest(of: "a") }
        }
    }

    /// The result of a model other than the requested one would name the wrong model.
    @Test func aPackageThatIsReplacedWhileItLoadsIsNotUsed() throws {
        try Shelf.with(["a"]) { (shelf) throws in
            shelf.set { $0.whileLoading = { try? shelf.install("b", in: "a") } }
            #expect(throws: SegmentationEngines.notInstalled) { try shelf.digest(of: "a") }
            #expect(shelf.registry.lastLoaded?.identity == nil)
        }
    }

    @Test func packagesAreReadOnceAndDamagedOnesLeftOut() throws {
        try Shelf.with(["a", "damaged"]) { (shelf) throws in
            for _ in 1...3 { #expect(shelf.registry.installed.list().map(\.identity.digest) == ["a"]) }
            #expect(shelf.reads.filter { $0 == "a" }.count == 1)
        }
    }

    @Test func theWarmUpLoadsTheDefault() throws {
        try Shelf.with(["a", "b"], defaultModel: "b") { (shelf) throws in
            shelf.registry.warmUp()
            #expect(shelf.loads == ["b"])
        }
    }

    @Test func withoutADefaultTheWarmUpIsOverAndOthersLoad() throws {
        try Shelf.with(["a"], defaultModel: "none") { (shelf) throws in
            shelf.registry.warmUp()
            #expect(try shelf.digest(of: "a") == "a")
        }
    }
}

/// A folder of packages that consist only of a `model.json` with their digest, and a registry of them.
private final class Shelf: Sendable {
    struct State {
        var reads: [String] = []
        var loads: [String] = []
        var loadingNow = 0
        var mostAtOnce = 0
        var writes = 0
        var loadTime: TimeInterval = 0
        var isOutOfOrder = false
        var whileLoading: @Sendable () -> Void = {}
    }

    let registry: ModelRegistry
    private let root: URL
    private let state: Shared

    /// State shared by the registry's closures and the tests.
    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    static func with(_ names: [String], defaultModel: String? = nil, _ body: (Shelf) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let shelf = Shelf(folder.appendingPathComponent("models"), defaultModel: defaultModel ?? names[0])
        for name in names { try shelf.install(name, in: name) }
        try body(shelf)
    }

    private init(_ root: URL, defaultModel: String) {
        let shared = Shared()
        self.root = root
        state = shared
        registry = ModelRegistry(
            root: root, defaultFolder: root.appendingPathComponent(defaultModel),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            read: { folder in
                let digest = try Self.digest(in: folder)
                shared.state.withLock { $0.reads.append(digest) }
                return InstalledModel(identity: Self.identity(digest), architecture: "none")
            },
            load: { folder in
                let (time, isOutOfOrder, work) = try shared.state.withLock { state in
                    state.loads.append(try Self.digest(in: folder))
                    state.loadingNow += 1
                    state.mostAtOnce = max(state.mostAtOnce, state.loadingNow)
                    return (state.loadTime, state.isOutOfOrder, state.whileLoading)
                }
                defer { shared.state.withLock { $0.loadingNow -= 1 } }
                Thread.sleep(forTimeInterval: time)
                work()
                if isOutOfOrder { throw ImagingError(.invalidModel, "The device is out of order.") }
                return SegmentationEngine(model: Self.identity(try Self.digest(in: folder))) { _, _, _ in
                    throw ImagingError(.internalFault, "It is loaded and never run.")
                }
            })
    }

    private static func identity(_ digest: String) -> ModelIdentity {
        ModelIdentity(name: "model", version: "1", digest: digest)
    }

    private static func digest(in folder: URL) throws -> String {
        let text = try String(contentsOf: folder.appendingPathComponent("model.json"), encoding: .utf8)
        guard text != "damaged" else { throw ImagingError(.invalidModel, "The package is damaged.") }
        return text
    }

    var reads: [String] { state.state.withLock { $0.reads } }
    /// The digests in the order in which loading started.
    var loads: [String] { state.state.withLock { $0.loads } }
    /// The maximum number of models loaded concurrently.
    var mostAtOnce: Int { state.state.withLock { $0.mostAtOnce } }

    func set(_ change: (inout State) -> Void) { state.state.withLock { change(&$0) } }

    /// What a job that requests this model gets; `nil` requests the default.
    func digest(of wanted: String?) throws -> String { try registry.engines.engine(wanted).model.digest }

    /// Writes a package, replacing any existing one.
    func install(_ digest: String, in name: String) throws {
        let folder = root.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let json = folder.appendingPathComponent("model.json")
        try Data(digest.utf8).write(to: json)
        // As if the writes were seconds apart: file timestamps may not distinguish them.
        let writes = state.state.withLock { state in
            state.writes += 1
            return state.writes
        }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: TimeInterval(writes))], ofItemAtPath: json.path)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: root.appendingPathComponent(name))
    }

    /// The results of separate threads that start at the same time.
    func together(_ count: Int, _ work: @escaping @Sendable (Int) -> String?) -> [String?] {
        let answers = Mutex([String?]())
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let answer = work(index)
            answers.withLock { $0.append(answer) }
        }
        return answers.withLock { $0 }
    }
}
