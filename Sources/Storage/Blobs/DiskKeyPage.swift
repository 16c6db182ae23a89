import Foundation

/// Collects one page of keys from a store's folders in name order, so that the last name is a stable cursor even if
/// files are added or deleted between two pages.
struct DiskKeyPage {
    static let staging = "staging"

    /// Only files last written before this time are listed.
    let time: Timestamp
    /// The last name of the previous page, as `ab/cd/<key>`; empty for the first page.
    let cursor: String
    let limit: Int
    private var entries: [BlobEntry] = []
    private var next: String?

    init(time: Timestamp, cursor: String, limit: Int) {
        self.time = time
        self.cursor = cursor
        self.limit = limit
    }

    var result: BlobKeyPage { BlobKeyPage(entries: entries, next: next) }

    /// Adds the files below `root`: first `ab/cd/<key>`, then `staging/<key>`, which sorts after them.
    mutating func addBlobs(of root: URL) throws {
        for outer in try Self.names(in: root) where Self.isLevel(outer) && outer >= cursor.prefix(2) {
            let folder = root.appendingPathComponent(outer, isDirectory: true)
            for inner in try Self.names(in: folder) where Self.isLevel(inner) {
                let path = "\(outer)/\(inner)/"
                guard path >= cursor.prefix(path.count) else { continue }
                let files = folder.appendingPathComponent(inner, isDirectory: true)
                guard try add(files, as: path, key: { BlobKey($0) }) else { return }
            }
        }
        _ = try add(root.appendingPathComponent(Self.staging, isDirectory: true), as: "\(Self.staging)/") {
            BlobKey($0)
        }
    }

    /// Adds a folder's files until the page is full. Returns `false` if it is full.
    ///
    /// - Parameter path: the prefix of the names in cursors.
    mutating func add(_ folder: URL, as path: String, key: (String) -> BlobKey?) throws -> Bool {
        for name in try Self.names(in: folder) where path + name > cursor {
            guard let key = key(name), let entry = entry(key, at: folder.appendingPathComponent(name)) else { continue }
            entries.append(entry)
            if entries.count == limit {
                next = path + name
                return false
            }
        }
        return true
    }

    /// Returns `nil` unless it is a file last written before the page's time.
    private func entry(_ key: BlobKey, at url: URL) -> BlobEntry? {
        var info = stat()
        guard stat(url.path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        let written = Timestamp(
            microseconds: Int64(info.st_mtim.tv_sec) * 1_000_000 + Int64(info.st_mtim.tv_nsec) / 1000)
        return written < time ? BlobEntry(key: key, size: Int64(info.st_size), modified: written) : nil
    }

    /// Whether the folder is one of the two levels that keep each folder small.
    private static func isLevel(_ name: String) -> Bool {
        name.utf8.count == 2
            && name.utf8.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
            }
    }

    private static func names(in folder: URL) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        } catch CocoaError.fileReadNoSuchFile {
            return []
        } catch {
            throw BlobError.fileSystem(EIO)
        }
    }
}
