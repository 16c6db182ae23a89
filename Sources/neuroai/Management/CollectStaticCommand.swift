import ArgumentParser
import Foundation
import Web

/// `neuroai collectstatic`: the pages' assets as files, for a proxy that serves them itself.
struct CollectStaticCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collectstatic", abstract: "Copies the pages' assets to STATIC_ROOT, for a proxy.",
        discussion: "The server needs none of it: it serves its assets itself.",
        aliases: ["collect-static", "collect_static"])

    @Flag(name: [.customLong("no-input"), .customLong("noinput")], help: "Accepted; nothing is ever asked.")
    var noInput = false

    func run() throws {
        let root = URL(fileURLWithPath: try Settings.load()["STATIC_ROOT"] ?? "staticfiles", isDirectory: true)
        var written = 0
        for asset in StaticAsset.all {
            let file = root.appendingPathComponent(asset.path)
            let bytes = Data(asset.bytes)
            guard (try? Data(contentsOf: file)) != bytes else { continue }
            do {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try bytes.write(to: file, options: .atomic)
            } catch {
                Terminal.complain("STATIC_ROOT: \(asset.path) can't be written there.")
                throw ExitCode(73)
            }
            written += 1
        }
        print("\(written) files written to \(root.path), \(StaticAsset.all.count - written) were there already.")
    }
}
