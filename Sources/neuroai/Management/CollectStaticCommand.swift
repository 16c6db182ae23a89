import ArgumentParser
import Foundation
import Web

/// `neuroai collectstatic`: copies the static files of the pages and of `/api/docs/`, for a proxy that serves them
/// itself.
struct CollectStaticCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collectstatic",
        abstract: "Copy static files to STATIC_ROOT for a proxy.",
        discussion: "Optional: the server also serves them itself.",
        aliases: ["collect-static", "collect_static"])

    @Flag(
        name: [.customLong("no-input"), .customLong("noinput")],
        help: "Accepted for compatibility; there are no prompts.")
    var noInput = false

    func run() throws {
        let settings = try Settings.load()
        let root = URL(fileURLWithPath: settings["STATIC_ROOT"] ?? "staticfiles", isDirectory: true)
        let assets = StaticAsset.all(
            swaggerUI: settings["SWAGGER_UI_PATH"].map { URL(fileURLWithPath: $0, isDirectory: true) })
        var written = 0
        for asset in assets {
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
        print("\(written) files written to \(root.path), \(assets.count - written) were there already.")
        if !assets.contains(where: { $0.path.hasPrefix("api/docs/") }) {
            print("Swagger UI not found at SWAGGER_UI_PATH; its files were skipped.")
        }
    }
}
