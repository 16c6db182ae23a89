import Dicom
import Foundation
import Testing

/// Every file in pydicom's wheel has the same elements here as there, or is refused for the reason in the table.
struct PydicomTests {
    private struct View: Decodable {
        let lines: [String]?
        let error: String?
    }

    /// Files that pydicom reads and this code refuses: the end of the path, and what the refusal says.
    private static let refused = [
        // pydicom returns the part that is there.
        "test_files/MR_truncated.dcm": "The value has 8192 bytes, of which the file has 8130.",
        "test_files/rtplan_truncated.dcm": "The value has 976 bytes, of which the file has 711.",
        // A byte precedes the first element, so pydicom's only element has an invented tag and the whole file as its value.
        "test_files/no_meta.dcm": "This is not a DICOM file.",
        // The directory's sequence is shorter than its items.
        "test_files/dicomdirtests/DICOMDIR-nooffset": "The item has 248 bytes, of which the sequence has 224.",
    ]

    @Test func allTestFilesHaveTheSameElements() throws {
        let files = try Peer.testFiles.get()
        let views: [View] = try Peer.answer("elements.py", files.map(\.path))
        #expect(files.count == views.count && files.count > 180)
        var compared = 0
        for (file, view) in zip(files, views) {
            let name = file.path.components(separatedBy: "/data/").last ?? file.path
            do {
                let lines = FileLines.lines(of: try DicomFile(Peer.bytes(of: file)))
                #expect(Self.refused[name] == nil, "\(name) is read")
                let expected = view.lines ?? [view.error ?? ""]
                let difference = lines.difference(from: expected)
                #expect(difference.isEmpty, "\(name): \(difference.prefix(4).map { "\($0)" })")
                compared += lines.count
            } catch let error as DicomError {
                #expect(error.description.contains(Self.refused[name] ?? "not refused"), "\(name): \(error)")
            }
        }
        #expect(compared > 15_000)
    }
}
