import ArgumentParser
import Foundation
import Imaging

/// The folder of a study in DICOM on the command line.
struct DICOMFolder {
    let path: String

    private var url: URL { URL(fileURLWithPath: path, isDirectory: true) }

    /// - Throws: `ValidationError` if the output would be written among the images.
    func checkArguments(output: String) throws {
        let folder = Self.real(path)
        let target = Self.real(output)
        guard target != folder, !target.hasPrefix(folder + "/") else {
            throw ValidationError("--out is within --dicom. Choose another --out.")
        }
    }

    /// - Throws: `FileError` if there is no such folder; `ImagingError` if no series in it can be used.
    func study() throws -> DICOMStudy {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw FileError("--dicom (\(path)): there is no such folder.")
        }
        return try ImagingError.naming("--dicom") { try DICOMStudy(folder: url) }
    }

    private static func real(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
}
