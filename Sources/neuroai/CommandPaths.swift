import ArgumentParser
import Foundation
import Imaging

/// A file that a command is given.
enum InputFile {
    /// - Throws: `ImagingError(.invalidImage)` where there is none to read.
    static func check(_ path: String, named name: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ImagingError(.invalidImage, "\(name): there is no such file.")
        }
        guard !isFolder.boolValue else { throw ImagingError(.invalidImage, "\(name): this is a folder, not a file.") }
        // A pipe would be waited for, and can be read only once.
        var state = stat()
        guard stat(path, &state) == 0, state.st_mode & S_IFMT == S_IFREG else {
            throw ImagingError(.invalidImage, "\(name): this is a device or a pipe, not a file.")
        }
        guard access(path, R_OK) == 0 else { throw ImagingError(.invalidImage, "\(name): the file can't be read.") }
    }
}

/// A folder that a command writes to: everything about it that can be known beforehand.
struct OutputFolder {
    /// `--out`, or a setting's name.
    let option: String
    let path: String

    /// - Parameters:
    ///   - names: the files to be written, relative to the folder.
    ///   - inputs: files that the command reads, with the options that name them.
    /// - Throws: `ValidationError`.
    func check(writing names: [String], reading inputs: [(option: String, path: String)] = []) throws {
        try checkPlace()
        let root = URL(fileURLWithPath: path, isDirectory: true)
        var taken: [String: String] = [:]
        for name in names {
            let file = root.appendingPathComponent(name)
            taken[Self.real(file)] = name
            if Self.isFolder(file.path) == true {
                throw ValidationError("\(option): \(file.path) is a folder where a file is to be written.")
            }
            let parent = file.deletingLastPathComponent()
            if Self.isFolder(parent.path) == false {
                throw ValidationError("\(option): \(parent.path) is a file where a folder is to be made.")
            }
        }
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

    /// The folder is there and may be written, or the next one above it that is there.
    private func checkPlace() throws {
        guard !path.isEmpty else { throw ValidationError("\(option): name a folder.") }
        var place = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
        var missing: [URL] = []
        while Self.isFolder(place.path) == nil, place.path != "/" {
            missing.insert(place, at: 0)
            place.deleteLastPathComponent()
        }
        guard Self.isFolder(place.path) == true else {
            throw ValidationError("\(option): \(place.path) is a file. Name a folder.")
        }
        if missing.isEmpty { missing = [place.appendingPathComponent(".neuroai-\(UUID().uuidString)")] }
        // Trying tells more than rights do: root has all of them, also on file systems that take no files.
        var made: [String] = []
        defer { for folder in made.reversed() { rmdir(folder) } }
        for folder in missing.map(\.path) {
            guard mkdir(folder, 0o700) == 0 else {
                throw ValidationError("\(option): no folder can be made in \(place.path).")
            }
            made.append(folder)
        }
    }

    /// Nil where there is nothing.
    private static func isFolder(_ path: String) -> Bool? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        return isFolder.boolValue
    }

    private static func real(_ url: URL) -> String { url.standardizedFileURL.resolvingSymlinksInPath().path }
}
