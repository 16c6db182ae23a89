import Foundation
import TestSupport
import Testing

/// `neuroai segment --dicom`: the same series in DICOM give the same result as in NIfTI.
@Suite(.serialized, .enabled(if: Program.isBuilt && Program.hasModel, "no built program or no model package"))
struct SegmentDICOMTests {
    private struct MissingPeer: Error {}

    /// Writes a NIfTI file as a series in DICOM, or a whole study, with Tests/DicomTests/Peers/hospital.py.
    private func hospital(_ arguments: [String]) async throws {
        let python = Program.root.appendingPathComponent(".deps/dicom/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else { throw MissingPeer() }
        let process = Process()
        process.executableURL = python
        process.arguments = ["Tests/DicomTests/Peers/hospital.py"] + arguments
        process.currentDirectoryURL = Program.root
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        #expect(await eventually(within: .seconds(60)) { !process.isRunning })
        #expect(process.terminationStatus == 0)
    }

    private func result(_ folder: URL) throws -> [String: Double] {
        let data = try Data(contentsOf: folder.appendingPathComponent("result.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        return try #require(object["volumes"] as? [String: Double])
    }

    @Test func aFolderGivesTheResultOfItsSeries() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appendingPathComponent("flair.nii")
            try HeadPhantom.nifti().write(to: file)
            try await hospital(["--nifti", file.path, "flair", folder.appendingPathComponent("dicom").path])
            let fromNIfTI = folder.appendingPathComponent("from-nifti")
            let fromDICOM = folder.appendingPathComponent("from-dicom")
            let one = try await Program.run(["segment", "--flair", file.path, "--out", fromNIfTI.path], in: folder)
            #expect(one.code == 0, "\(one)")
            let dicom = folder.appendingPathComponent("dicom").path
            let other = try await Program.run(["segment", "--dicom", dicom, "--out", fromDICOM.path], in: folder)
            #expect(other.code == 0, "\(other)")
            #expect(other.said.contains("FLAIR     Series 3 “t2_tirm_tra_dark-fluid”: described as FLAIR"), "\(other)")
            #expect(try result(fromNIfTI) == result(fromDICOM))
            for name in ["segmentation.nii.gz", "flair/segmentation.dcm"] {
                #expect(FileManager.default.fileExists(atPath: fromDICOM.appendingPathComponent(name).path), "\(name)")
            }
            #expect(
                !FileManager.default.fileExists(atPath: fromNIfTI.appendingPathComponent("flair/segmentation.dcm").path)
            )
        }
    }

    @Test func whatIsWrongWithAFolderIsSaid() async throws {
        try await TemporaryFolder.with { folder in
            let out = folder.appendingPathComponent("out").path
            let empty = folder.appendingPathComponent("empty")
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
            let wrong: [(arguments: [String], code: Int32, said: String)] = [
                (["--dicom", "/no/such", "--out", out], 74, "--dicom (/no/such): there is no such folder."),
                (["--dicom", empty.path, "--out", out], 65, "The folder contains no MR image in DICOM."),
                (["--dicom", empty.path, "--out", empty.path + "/out"], 64, "--out is within --dicom."),
                (["--dicom", empty.path, "--t1", "t1.nii", "--out", out], 64, "either --dicom or single series"),
            ]
            for refusal in wrong {
                let ending = try await Program.run(["segment"] + refusal.arguments, in: folder)
                #expect(ending.code == refusal.code && ending.said.contains(refusal.said), "\(ending)")
            }
        }
    }
}
