import ArgumentParser
import Foundation
import Imaging

/// A file or folder on the command line that can't be read or written; the message names it.
struct FileError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// An input file of a command.
enum InputFile {
    /// - Throws: `FileError` if the file does not exist or can't be read.
    static func check(_ path: String, named name: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileError("\(name): there is no such file.")
        }
        guard !isFolder.boolValue else { throw FileError("\(name): this is a folder, not a file.") }
        // Reading a pipe would block, and it can be read only once.
        var state = stat()
        guard stat(path, &state) == 0, state.st_mode & S_IFMT == S_IFREG else {
            throw FileError("\(name): this is a device or a pipe, not a file.")
        }
        guard access(path, R_OK) == 0 else { throw FileError("\(name): the file can't be read.") }
    }
}

/// A command's output folder. Checks in advance whatever can be checked.
struct OutputFolder {
    /// `--out`, or the name of a setting.
    let option: String
    let path: String

    /// Checks that the folder and the files in it can be written.
    ///
    /// - Parameter names: the files to write, relative to the folder.
    /// - Throws: `FileError`.
    func checkWritable(_ names: [String]) throws {
        try checkPlace()
        let root = URL(fileURLWithPath: path, isDirectory: true)
        for file in names.map({ root.appendingPathComponent($0) }) {
            if Self.isFolder(file.path) == true {
                throw FileError("\(option): \(file.path) is a folder where a file is to be written.")
            }
            let parent = file.deletingLastPathComponent()
            if Self.isFolder(parent.path) == false {
                throw FileError("\(option): \(parent.path) is a file where a folder is to be made.")
            }
        }
    }

    /// Checks that no input is overwritten or named twice.
    ///
    /// - Parameters:
    ///   - names: the files to write, relative to the folder.
    ///   - inputs: the files that the command reads, with the options that name them.
    /// - Throws: `ValidationError`.
    func checkArguments(writing names: [String], reading inputs: [(option: String, path: String)]) throws {
        guard !path.isEmpty else { throw ValidationError("\(option): name a folder.") }
        let root = URL(fileURLWithPath: path, isDirectory: true)
        var taken: [String: String] = [:]
        for name in names { taken[Self.real(root.appendingPathComponent(name))] = name }
        var seen: [String: String] = [:]
        for input in inputs {
            let file = Self.real(URL(fileURLWithPath: input.path))
            if let name = taken[file] {
                throw ValidationError(
                    "\(input.option) would be overwritten by \(name) of this run. Choose another \(option).")
            }
            if let other = seen[file] { throw ValidationError("\(other) and \(input.option) name the same file.") }
            seen[file] = input.option
        }
    }

    /// Checks that the folder, or its nearest existing parent, is a writable folder.
    private func checkPlace() throws {
        var place = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
        var missing: [URL] = []
        while Self.isFolder(place.path) == nil, place.path != "/" {
            missing.insert(place, at: 0)
            place.deleteLastPathComponent()
        }
        guard Self.isFolder(place.path) == true else {
            throw FileError("\(option): \(place.path) is a file. Name a folder.")
        }
        if missing.isEmpty { missing = [place.appendingPathComponent(".neuroai-\(UUID().uuidString)")] }
        // Creating a folder is more reliable than checking permissions: root has all of them, even on read-only file
        // systems.
        var made: [String] = []
        defer { for folder in made.reversed() { rmdir(folder) } }
        for folder in missing.map(\.path) {
            guard mkdir(folder, 0o700) == 0 else {
                throw FileError("\(option): no folder can be made in \(place.path).")
            }
            made.append(folder)
        }
    }

    /// Returns `nil` if nothing exists at `path`.
    private static func isFolder(_ path: String) -> Bool? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        return isFolder.boolValue
    }

    private static func real(_ url: URL) -> String { url.standardizedFileURL.resolvingSymlinksInPath().path }
}
