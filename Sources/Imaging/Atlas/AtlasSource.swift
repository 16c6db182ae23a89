import Foundation
import Synchronization

/// The machine's atlas, read once when the first study needs it.
package final class AtlasSource: Sendable {
    private let folder: URL
    private let read = Mutex<Atlas?>(nil)

    /// Where `mricron-data` installs its files.
    package static let debian = URL(fileURLWithPath: "/usr/share/mricron/templates", isDirectory: true)

    package init(folder: URL = debian) {
        self.folder = folder
    }

    /// `nil` if the atlas is not installed; lobes are then not named.
    ///
    /// - Throws: `ImagingError` if one of its files is damaged.
    package func atlas() throws -> Atlas? {
        try read.withLock { atlas in
            if let atlas { return atlas }
            let isInstalled = Atlas.files.allSatisfy {
                FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
            }
            guard isInstalled else { return nil }
            atlas = try Atlas(folder: folder)
            return atlas
        }
    }
}
