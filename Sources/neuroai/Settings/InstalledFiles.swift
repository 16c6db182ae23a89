import Foundation

/// The read-only files of an installed program: `share/neuroai` beside the `bin` that contains it (FHS 3.0 §4.11.3). A
/// program in a checkout has none, and reads its files relative to the working directory.
enum InstalledFiles {
    private static let root = folder(of: Bundle.main.executableURL)

    /// - Returns: `nil` if the program is not installed.
    static func folder(of program: URL?) -> URL? {
        guard let bin = program?.resolvingSymlinksInPath().deletingLastPathComponent() else { return nil }
        let share = bin.deletingLastPathComponent().appendingPathComponent("share/neuroai", isDirectory: true)
        return FileManager.default.fileExists(atPath: share.path) ? share : nil
    }

    /// The absolute path of a file below `share/neuroai`.
    ///
    /// - Returns: `nil` if the program is not installed.
    static func path(_ name: String) -> String? { root?.appendingPathComponent(name).path }
}
