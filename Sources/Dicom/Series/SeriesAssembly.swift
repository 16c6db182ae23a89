import Foundation

/// The series in a folder, put together from whatever files it contains.
package struct SeriesAssembly: Sendable {
    /// A file that is not part of any series, and why.
    package struct Skipped: Equatable, Sendable {
        /// Relative to the folder.
        package let file: String
        package let reason: String
    }

    /// In the order of their numbers.
    package let series: [AssembledSeries]
    package let skipped: [Skipped]

    /// Files that never contain images.
    private static let otherNames: Set = ["DICOMDIR", "LOCKFILE", "VERSION", ".DS_Store"]
    private static let maximumFiles = 100_000

    /// Reads all files of a folder and of those within it.
    ///
    /// - Throws: `DicomError` if there is no MR image, or there are images of several studies.
    package init(folder: URL, limits: DicomLimits = .standard) throws {
        var frames: [ImageFrame] = []
        var skipped: [Skipped] = []
        for (name, file) in try Self.files(in: folder) {
            do throws(DicomError) {
                frames += try Self.frames(of: file, limits: limits)
            } catch {
                skipped.append(Skipped(file: name, reason: error.description))
            }
        }
        guard !frames.isEmpty else {
            let reason = skipped.first.map { " \($0.file): \($0.reason)" } ?? ""
            throw DicomError(.notDicom, "The folder contains no MR image in DICOM.\(reason)")
        }
        let studies = Set(frames.map(\.attributes.studyInstanceUID))
        guard studies.count == 1 else {
            throw DicomError(
                .noVolume, "The folder contains \(studies.count) studies. Name the folder of one study.",
                tag: .studyInstanceUID)
        }
        self.init(frames, skipped: skipped)
    }

    package init(_ frames: [ImageFrame], skipped: [Skipped] = []) {
        self.skipped = skipped
        let groups = Dictionary(grouping: frames, by: \.attributes.seriesInstanceUID)
        let assembled = groups.values.flatMap { frames in
            SeriesSplit(frames).parts.map { AssembledSeries($0.frames, part: $0.name, warnings: $0.warnings) }
        }
        series = assembled.sorted { left, right in
            let leftNumber = left.attributes.seriesNumber ?? .max
            let rightNumber = right.attributes.seriesNumber ?? .max
            if leftNumber != rightNumber { return leftNumber < rightNumber }
            return (left.attributes.seriesInstanceUID, left.part ?? "")
                < (right.attributes.seriesInstanceUID, right.part ?? "")
        }
    }

    private static func frames(of file: URL, limits: DicomLimits) throws(DicomError) -> [ImageFrame] {
        do {
            // The pixels are read once the series has been chosen.
            let parsed = try DicomFile([UInt8](Data(contentsOf: file)), limits: limits, until: .floatPixelData)
            return try ImageFrame.frames(of: parsed, at: file)
        } catch let error as DicomError {
            throw error
        } catch {
            throw DicomError(.damaged, "The file cannot be read.")
        }
    }

    /// Regular files with their paths below the folder, in the order of those.
    private static func files(in folder: URL) throws -> [(name: String, file: URL)] {
        guard
            let paths = FileManager.default.enumerator(
                at: folder, includingPropertiesForKeys: [.isRegularFileKey], options: [.skipsHiddenFiles])
        else { throw DicomError(.notDicom, "The folder cannot be read.") }
        let root = folder.standardizedFileURL.resolvingSymlinksInPath().path
        var found: [(name: String, file: URL)] = []
        for case let file as URL in paths {
            guard (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true,
                !otherNames.contains(file.lastPathComponent)
            else { continue }
            let path = file.standardizedFileURL.resolvingSymlinksInPath().path
            found.append(
                (path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : file.lastPathComponent, file))
            guard found.count <= maximumFiles else {
                throw DicomError(.tooLarge, "The folder contains more than \(maximumFiles) files.")
            }
        }
        return found.sorted { $0.name < $1.name }
    }
}
