import Foundation

/// The real cases beside the checkout, which are not part of it.
enum SharedCases {
    /// `nil` if they are absent.
    static let folder: URL? = {
        let named = ProcessInfo.processInfo.environment["NEUROAI_SHARED"].map { URL(fileURLWithPath: $0) }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared = named ?? root.deletingLastPathComponent().appendingPathComponent("shared")
        let folder = shared.appendingPathComponent("cases")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()
}
